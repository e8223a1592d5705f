#!/bin/bash
# What compare writes for a paper, set by TeX: tables of several arms, of too few boots, of names with every character
# that TeX takes for its own. `make check-paper`.
. "$(dirname "$0")/../e2e/lib.sh"
command -v pdflatex >/dev/null || { bad "pdflatex is needed: apt-get install $(scripts/setup --print paper)"; finish; }
I=$T/index
mkdir "$I"
$SS list --results "$I" >/dev/null 2>&1
python3 "$(dirname "$0")/../e2e/made_index.py" "$I/index.db" || { bad "the index cannot be written"; finish; }
sqlite3 "$I/index.db" "UPDATE runs SET variant = 'a_b&c%d#e\$f{g}h~i^j\\k<l>\"m' WHERE scenario = 'made' AND variant = 'pinned'"
{
	printf '\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs}\n\\begin{document}\n'
	for what in "--baseline float scenario=made" "scenario=few,variant=float scenario=few,variant=pinned" \
		"scenario=sharded,variant=float scenario=sharded,variant=pinned"; do
		# shellcheck disable=SC2086
		$SS compare --results "$I" --latex $what || bad "compare --latex $what"
	done
	printf '\\end{document}\n'
} >"$T/paper.tex"
(cd "$T" && pdflatex -interaction=nonstopmode -halt-on-error paper.tex >"$T/tex.log" 2>&1) && ok "three tables are set by $(pdflatex --version | head -1)" ||
	bad "pdflatex: $(grep -A3 '^!' "$T/tex.log" | head -5)"
pdftotext -layout "$T/paper.pdf" "$T/paper.txt" 2>/dev/null
grep -qF 'a_b&c%d#e$f{g}h' "$T/paper.txt" && ok "a name keeps its odd characters" || bad "the name: $(grep -m1 'a_b' "$T/paper.txt")"
grep -qE 'timer.late.p99 +10 +4[0-9.]* ms +1[0-9.]* ms +.3[0-9.]* ms' "$T/paper.txt" && ok "figures with their units" || bad "figures: $(grep -m2 timer "$T/paper.txt")"
# Figures for a person to edit: each script makes a PDF, an SVG and TikZ, whatever the guests are called; TeX sets the TikZ.
command -v gnuplot >/dev/null || { bad "gnuplot is needed: apt-get install $(scripts/setup --print paper)"; finish; }
make -s BUILD="${BUILD:-build}" "${BUILD:-build}/tests/test_gnuplot" >"$T/make" 2>&1 || { bad "test_gnuplot: $(tail -3 "$T/make")"; finish; }
"${BUILD:-build}/tests/test_gnuplot" --write "$T/gp" >"$T/out" || bad "test_gnuplot --write"
cd "$T/gp" && gnuplot -e 'set terminal tikz createstyle' 2>/dev/null
printf '\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{gnuplot-lua-tikz}\n\\begin{document}\n' >all.tex
for f in *.gp; do
	for out in pdf svg tikz; do
		gnuplot -e "out='$out'" "$f" >"$T/gp.log" 2>&1 && [ ! -s "$T/gp.log" ] || bad "gnuplot $f, $out: $(head -3 "$T/gp.log")"
	done
	[ "$(head -c5 "${f%.gp}.pdf")" = %PDF- ] && xmllint --noout "${f%.gp}.svg" || bad "$f: no PDF or a bad SVG"
	rsvg-convert "${f%.gp}.svg" | pngtopnm 2>/dev/null | ppmhist -noheader 2>/dev/null | wc -l >"$T/colours"
	[ "$(cat "$T/colours")" -gt 3 ] || bad "$f: only $(cat "$T/colours") colours"
	printf '\\input{%s}\n\n' "${f%.gp}.tex" >>all.tex
done
printf '\\end{document}\n' >>all.tex
[ "$(find . -name '*.gp' | wc -l)" = "$(cat "$T/out")" ] && ok "$(cat "$T/out") figures by gnuplot: PDF, SVG and TikZ each" || bad "$(cat "$T/out") figures said, $(find . -name '*.gp' | wc -l) are there"
pdflatex -interaction=nonstopmode -halt-on-error all.tex >"$T/tex.log" 2>&1 && pdftotext all.pdf - | grep -qE 'it.+s_100% & "odd" .id' &&
	ok "TeX sets all of the TikZ, odd names too" || bad "TikZ: $(grep -A3 '^!' "$T/tex.log" | head -5) $(pdftotext all.pdf - 2>/dev/null | grep -m1 100)"
cd - >/dev/null || exit 1
[ -z "${KEEP:-}" ] || cp "$T/paper.pdf" "$KEEP"
finish
