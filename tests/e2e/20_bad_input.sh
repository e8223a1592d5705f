#!/bin/bash
# Bad input: one clear line, the right exit status, nothing started.
. "$(dirname "$0")/lib.sh"

CANARY=$(own_scenario scenarios/canary.xml)
xml() { printf '%s\n' "$2" >"$T/$1.xml"; }
xml unknown-element '<scenario name="x"><gest name="a"/></scenario>'
xml unknown-attribute '<scenario name="x"><guest name="a" vcpu="1"/></scenario>'
xml range '<scenario name="x"><guest name="a" vcpus="17"/></scenario>'
xml memory '<scenario name="x"><guest name="a" memory="900GiB"/></scenario>'
xml number '<scenario name="x"><guest name="a" vcpus="two"/></scenario>'
xml broken '<scenario name="x"><guest name="a">'
xml bomb '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><scenario name="x"><doc>&b;</doc></scenario>'
xml external '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/hostname">]><scenario name="x"><doc>&a;</doc></scenario>'
xml two '<scenario name="x"><guest name="a" vcpus="17" memry="1GiB"/><gest/></scenario>'
xml escape '<scenario name="x"><guest name="../../etc"/></scenario>'
printf '<scenario name="x">\0</scenario>' >"$T/nul.xml"
head -c 200000000 /dev/zero | tr '\0' 'a' >"$T/huge.xml"
deep=$(printf '<a>%.0s' $(seq 20000)); printf "%s" "$deep" >"$T/deep.xml"
: >"$T/empty.xml"

for f in unknown-element unknown-attribute range number broken bomb external escape nul huge deep empty; do
	expect_exit "check: $f" 2 timeout 10 $SS check --no-host "$T/$f.xml"
	grep -q "$f.xml" "$T/err" && ok "$f: the file is named" || bad "$f: message names no file: $(head -1 "$T/err")"
	[ "$(wc -c <"$T/err")" -lt 4000 ] && ok "$f: short" || bad "$f: $(wc -c <"$T/err") bytes of messages"
done
$SS check --no-host "$T/two.xml" 2>"$T/err"
[ "$(grep -c 'two.xml:1:' "$T/err")" -ge 3 ] && ok "all errors at once" || bad "not all errors: $(cat "$T/err")"
grep -q "guest" "$T/err" && ok "near misses are suggested" || bad "no suggestion"
$SS check --no-host "$T/external.xml" 2>&1 | grep -q "$(hostname)" && bad "an external entity was read" || ok "no external entity is read"
expect_exit "more memory than the box has" 4 $SS check "$T/memory.xml"
expect_exit "a missing file" 2 $SS run "$T/none.xml"
expect_exit "a folder as a scenario" 2 $SS run "$T"
expect_exit "no file named" 2 $SS run
expect_exit "an unknown option" 2 $SS run --nonsense "$CANARY"
expect_exit "a bad override" 2 $SS check --set guest.nobody.vcpus=4 "$CANARY"
expect_exit "an unknown record" 2 $SS show --results "$T" nothing
expect_exit "a broken record" 1 sh -c "mkdir -p $T/r; echo '{' >$T/r/run.json; exec $SS analyze $T/r"
expect_exit "a remote that is not there" 4 $SS run --results "$T/res" --connect qemu+unix:///system?socket=/nonexistent "$CANARY"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 777 "$T/open"
	expect_exit "no permission" 4 setpriv --reuid=65534 --regid=65534 --clear-groups $SS run --results "$T/open" "$CANARY"
else
	skip "no permission: needs root to become nobody"
fi
if [ "$(id -u)" = 0 ] && [ -c /dev/kvm ]; then
	expect_exit "no /dev/kvm" 4 unshare -m sh -c "mount --bind /dev/null /dev/kvm && exec $SS run --results $T/res $CANARY"
else
	skip "no /dev/kvm: needs root and a /dev/kvm to hide"
fi
clean_after "bad input" 5
finish
