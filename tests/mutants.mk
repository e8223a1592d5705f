## make mutants [MUTANT="words of one"]: small wrong changes to the product, each with the unit test that must catch it
.PHONY: mutants
mutants:
	tests/mutants/run "$(MUTANT)"
