// SPDX-License-Identifier: GPL-3.0-or-later
/* libFuzzer: any text, line by line, as --set over a scenario that uses the whole language. */
#include <stdlib.h>
#include <string.h>

#include "scenario/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scenario[] =
	"<scenario name='f'><lab cpus='2' overcommit='2'/><guest name='victim.a' count='auto'><timer/><job vcpus='0'/></guest><guest name='b' vcpus='4' placement='pinned'/><noise name='hog' kind='busy' duty='50%'/><noise name='crowd' kind='guest' beside='b'/><variant name='one'/><variant name='two'><set what='guest.b.vcpus' to='2'/></variant><sweep><over what='noise.hog.threads' values='1 2'/></sweep><expect metric='steal.rate' guest='b' below='1000'/></scenario>";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = strndup((const char *)data, size);
	const char *sets[16];
	size_t n = 0;
	char *save = NULL;
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};

	for (char *line = strtok_r(text, "\n", &save); line && n < ARRAY_SIZE(sets);
		line = strtok_r(NULL, "\n", &save))
		sets[n++] = line;
	if ((scenario_load_text("fuzz", scenario, sizeof(scenario) - 1, sets, n, &x, &msgs) != 0) !=
		(msgs.n != 0))
		abort();
	scenario_msgs_release(&msgs);
	experiment_release(&x);
	return 0;
}
