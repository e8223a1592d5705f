#!/bin/bash
# Bad input: one clear line, the right exit status, nothing started.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

CANARY=$(own_scenario scenarios/canary.xml)
xml() { printf '%s\n' "$2" >"$T/$1.xml"; }
xml unknown-element '<scenario name="x"><gest name="a"/></scenario>'
xml unknown-attribute '<scenario name="x"><guest name="a" vcpu="1"/></scenario>'
xml range '<scenario name="x"><guest name="a" vcpus="257"/></scenario>'
xml memory '<scenario name="x"><guest name="a" memory="900GiB"/></scenario>'
xml number '<scenario name="x"><guest name="a" vcpus="two"/></scenario>'
xml broken '<scenario name="x"><guest name="a">'
xml bomb '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><scenario name="x"><doc>&b;</doc></scenario>'
xml external '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/hostname">]><scenario name="x"><doc>&a;</doc></scenario>'
xml two '<scenario name="x"><guest name="a" vcpus="257" memry="1GiB"/><gest/></scenario>'
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

# Hostile names: none gets out of its folder, into a shell, or into a format.
NAMES=('../../etc' 'a/b' '/etc' '.' '..' '-rf' '' 'a;touch pwned' '$(touch pwned)' '`touch pwned`' 'a&#10;b' 'a b' 'a%sb%n' 'a,b=c' 'a&quot;b' 'é' "$(printf 'a%.0s' $(seq 300))")
refused() { # WHERE XML-WITH-@: every hostile name in place of @ is refused
	local name i=0 bad_ones=
	for name in "${NAMES[@]}"; do
		i=$((i + 1))
		[ "$1/$name" != "a scenario/" ] || continue # no name: the file's own is taken
		xml "hostile$i" "${2//@/$name}"
		$SS check --no-host "$T/hostile$i.xml" >/dev/null 2>"$T/err"
		[ $? = 2 ] && grep -q "hostile$i.xml:1:" "$T/err" && [ "$(wc -c <"$T/err")" -lt 2000 ] || bad_ones+=" '${name:0:30}'"
	done
	[ -z "$bad_ones" ] && ok "hostile names of $1 are refused ($i)" || bad "hostile names of $1 are taken:$bad_ones"
}
refused "a scenario" '<scenario name="@"><guest name="g"><timer/></guest></scenario>'
refused "a guest" '<scenario name="x"><guest name="@"><timer/></guest></scenario>'
refused "a noise" '<scenario name="x"><guest name="g"><timer/></guest><noise name="@" kind="busy"/></scenario>'
refused "a variant" '<scenario name="x"><guest name="g"><timer/></guest><variant name="@"/></scenario>'
expect_exit "a hostile override" 2 $SS check --set 'guest.$(touch pwned).vcpus=2' "$CANARY"
expect_exit "a hostile record" 2 $SS show --results "$T" '../../$(touch pwned)'
if [ "$(id -u)" = 0 ] && [ -w /dev/kvm ]; then
	cat >"$T/short.xml" <<-X
		<scenario name="$MINE" warmup="100ms" duration="300ms"><lab cpus="1"/><guest name="g"><timer/></guest></scenario>
	X
	# Whoever names the results folder, and with whatever umask: the record is there, and nobody else can write to it.
	odd="$T/we,ird; \$(touch pwned) \"q\" %s"
	anew "$T/err"
	(umask 0; exec $SS run -v --results "$odd" "$T/short.xml" >/dev/null 2>"$T/err") &
	pid=$!
	for ((i = 0; i < 300; i++)); do grep -q '^measuring' "$T/err" && break; kill -0 $pid 2>/dev/null || break; sleep 0.02; done
	loose=$(find "$odd" /dev/shm/stealscope-*"$MINE"* /run/stealscope/*"$MINE"* "/run/stealscope/$pid"-* ! -type l ! -type s \( -perm /002 -o -perm /020 ! -group 0 \) 2>/dev/null)
	[ -n "$(find /dev/shm -name "stealscope-*$MINE*" -perm 600)" ] && ok "a shared page is its owner's alone" || bad "no shared page with mode 600"
	wait $pid && jq -e '.status == "complete"' "$odd"/*/run.json >/dev/null && ok "a results folder with an odd name" || bad "a results folder with an odd name: $(tail -1 "$T/err")"
	loose+=$(find "$odd" -perm /022)
	[ -z "$loose" ] && ok "umask 0 makes nothing that others can write to" || bad "others can write to: $(echo "$loose" | head -3 | tr '\n' ' ')"
	ln -s "$T/nowhere" "$T/results-link"
	expect_exit "a results folder that is a dangling link" 1 $SS run --results "$T/results-link" "$T/short.xml"
else
	skip "odd results folders and file modes: need root and /dev/kvm"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && mkdir -m 777 /tmp/stealscope-64321 2>/dev/null; then
	sed -e 's/<guest /<guest accel="tcg" /' -e '/<expect/d' "$CANARY" >"$T/tcg.xml"
	mkdir -m 777 "$T/theirs"
	expect_exit "a runtime folder that somebody else made" 4 env -u XDG_RUNTIME_DIR setpriv --reuid=64321 --regid=64321 --clear-groups $SS run --results "$T/theirs" "$T/tcg.xml"
	grep -q "only user 64321 can write" "$T/err" && ok "the folder is named" || bad "the folder is not named: $(head -1 "$T/err")"
	rmdir /tmp/stealscope-64321 2>/dev/null || rm -rf /tmp/stealscope-64321
else
	skip "a runtime folder that somebody else made: needs root"
fi
[ -z "$(find . "$T" -maxdepth 2 -name 'pwned*')" ] && ok "no shell was reached" || bad "a shell was reached"
clean_after "bad input" 5
finish
