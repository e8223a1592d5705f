#!/bin/bash
# What is installed: make install below DESTDIR, manual pages without a warning, and the bash completion.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
build=$(dirname "$SS")
if make -s BUILD="$build" DESTDIR="$T/root" PREFIX=/usr install >"$T/out" 2>&1; then
	ok "make install with DESTDIR and PREFIX"
else
	bad "make install: $(tail -3 "$T/out")"
	finish
fi
R=$T/root/usr
"$R/bin/stealscope" check --no-host "$R/share/stealscope/scenarios/"*.xml >"$T/out" 2>&1 && ok "the installed program checks the installed scenarios" || bad "check of what is installed: $(tail -1 "$T/out")"
# It finds its own parts: the agent is found, or doctor would say that it does not start.
(cd / && "$R/bin/stealscope" doctor --json >"$T/doctor.json" 2>"$T/err")
is "the installed program finds its host agent" "$T/doctor.json" '.facts[] | select(.key == "ebpf.tracer") | .value != "the host agent does not start"' '[.facts[] | select(.key == "ebpf.tracer") | .value]'
[ "$(find "$R" ! -type l -perm /6022 | wc -l)" = 0 ] && ok "nothing is installed set-uid, or writable for others" || bad "modes: $(find "$R" ! -type l -perm /6022 | head -3)"

for page in "$R"/share/man/man*/*; do
	name=${page##*/}
	if command -v mandoc >/dev/null; then
		said=$(mandoc -Tlint -W warning "$page" 2>&1)
		[ -z "$said" ] && ok "$name: mandoc has no warning" || bad "$name: $(head -2 <<<"$said")"
	else
		skip "$name: mandoc is not installed"
	fi
	if command -v man >/dev/null && command -v groff >/dev/null; then
		said=$(MANROFFSEQ='' LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$said" ] && ok "$name: man has no warning" || bad "$name: $(head -2 <<<"$said")"
	fi
done
# Every command and every option of every command stands in the page; every metric and key in theirs.
man1=$(sed 's/\\-/-/g' "$R/share/man/man1/stealscope.1") missing=
for c in $("$SS" --help | awk '/^  [a-z]/ {print $1}'); do
	grep -q "^.SS \"stealscope $c " <<<"$man1" || missing="$missing $c"
	for o in $("$SS" "$c" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -vE '^--(help|usage)$'); do
		grep -qE -- "(^|[ \"])$o([=\"]|$)" <<<"$man1" || missing="$missing $c:$o"
	done
done
for m in $("$SS" list metrics | awk '{print $1}'); do grep -qF "\"$m (" <<<"$man1" || missing="$missing $m"; done
[ -z "$missing" ] && ok "stealscope.1 has every command, option and metric" || bad "stealscope.1 lacks:$missing"
man5=$(sed 's/\\-/-/g' "$R/share/man/man5/stealscope-scenario.5") missing=
for k in $("$SS" list keys | sed -n 's/^| `\([a-z-]*\)` |.*/\1/p'); do grep -q "^.B \"$k\"$" <<<"$man5" || missing="$missing $k"; done
[ -z "$missing" ] && ok "stealscope-scenario.5 has every key" || bad "stealscope-scenario.5 lacks:$missing"

# The completion, asked as readline asks.
mkdir -p "$T/work/results/20261120T101112Z-alpha-1234" "$T/work/sub"
: >"$T/work/mine.xml"
: >"$T/work/mine.txt"
complete_words() { # WORD...: what the last one can become
	(cd "$T/work" && PATH=$R/bin:$PATH bash --norc -c '
		. "$1"; shift
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_stealscope
		printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' bash "$R/share/bash-completion/completions/stealscope" "$@")
}
completes() { # NAME PATTERN WORD...
	local name=$1 pattern=$2 got
	shift 2
	got=$(complete_words "$@")
	[[ " $got" =~ $pattern ]] && ok "completion: $name (${got:0:80})" || bad "completion: $name: '$got' does not match '$pattern'"
}
completes "commands" '^ check clean compare $' stealscope c
[ "$(complete_words stealscope '' | tr ' ' '\n' | grep -vc -- '^-')" -ge 14 ] && ok "completion: every command" || bad "completion: $(complete_words stealscope '')"
completes "options of one command" '^ --repeats= --results= $' stealscope run --re
completes "no option of another" '^ *$' stealscope doctor --re=peats
completes "scenario files, and folders" '^ mine.xml results/ sub/ $' stealscope check ''
completes "lists" '^ metrics metrics-doc $' stealscope list met
completes "metrics" ' steal.rate ' stealscope compare --metric = steal.r
completes "records by name" '^ last $' stealscope show las
record=$(find results -maxdepth 1 -name '2*Z-*' -type d 2>/dev/null | head -1)
if [ -n "$record" ]; then
	cp -r "$record" "$T/work/results/"
	"$SS" list --rebuild --results "$T/work/results" >/dev/null 2>&1 # it came by copying
	completes "the record ${record##*/}" " ${record##*/} " stealscope report --results = results "${record##*/}"
else
	skip "completion of a record's name: no record in results/ yet"
fi
finish
