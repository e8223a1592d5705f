## make mutants [MUTANT="words of one"]: small wrong changes to the product, each with the unit test that must catch it
## make mutants-guests [MUTANT=...]: those that only tests on real guests can see
.PHONY: mutants mutants-guests
mutants:
	tests/mutants/run units "$(MUTANT)"
mutants-guests:
	tests/mutants/run guests "$(MUTANT)"
