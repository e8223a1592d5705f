// SPDX-License-Identifier: GPL-3.0-or-later
/* Topologies from libvirt capabilities written for these tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "domain/domain.h"

/* Two sockets, a node each, two cores with two threads each; CPU numbers interleaved. */
static const char two_nodes[] =
	"<capabilities><host><cpu><arch>x86_64</arch></cpu><topology><cells num='2'><cell id='0'><memory unit='KiB'>1048576</memory><pages unit='KiB' size='4'>262144</pages><pages unit='KiB' size='2048'>16</pages><pages unit='KiB' size='1048576'>1</pages><distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances><cpus num='4'><cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,4'/><cpu id='4' socket_id='0' die_id='0' core_id='0' siblings='0,4'/><cpu id='2' socket_id='0' die_id='0' core_id='1' siblings='2,6'/><cpu id='6' socket_id='0' die_id='0' core_id='1' siblings='2,6'/></cpus></cell><cell id='1'><memory unit='KiB'>2097152</memory><distances><sibling id='0' value='21'/><sibling id='1' value='10'/></distances><cpus num='4'><cpu id='1' socket_id='1' die_id='0' core_id='0' siblings='1,5'/><cpu id='5' socket_id='1' die_id='0' core_id='0' siblings='1,5'/><cpu id='3' socket_id='1' die_id='0' core_id='1' siblings='3,7'/><cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='3,7'/></cpus></cell></cells></topology></host></capabilities>";

static void reads_nodes_cores_and_distances(void **state)
{
	struct topology t;
	struct err e = ERR_INIT;
	char text[64];

	(void)state;
	assert_int_equal(topology_from_capabilities(two_nodes, &t, &e), 0);
	assert_int_equal(t.n_cpus, 8);
	assert_int_equal(t.n_nodes, 2);
	assert_string_equal(cpuset_format(&t.online, text, sizeof(text)), "0-7");
	assert_string_equal(cpuset_format(&t.nodes[0].cpus, text, sizeof(text)), "0,2,4,6");
	assert_true(t.nodes[0].memory_bytes == UINT64_C(1) << 30);
	assert_true(t.memory_bytes == UINT64_C(3) << 30);
	assert_int_equal(t.nodes[0].hugepages_2m, 16);
	assert_int_equal(t.nodes[0].hugepages_1g, 1);
	assert_int_equal(t.nodes[0].distance[1], 21);
	assert_int_equal(t.nodes[1].distance[1], 10);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(t.cpus[i].id, i);
	assert_int_equal(t.cpus[5].node, 1);
	assert_int_equal(t.cpus[5].core, t.cpus[1].core);
	assert_int_not_equal(t.cpus[0].core, t.cpus[1].core); /* same core_id, other socket */
	assert_int_equal(t.cpus[7].core, 3);
	assert_true(topology_has_smt(&t));
	topology_release(&t);
}

static void refuse(const char *xml, const char *why)
{
	struct topology t = {.n_cpus = 77};
	struct err e = ERR_INIT;

	assert_true(topology_from_capabilities(xml, &t, &e) < 0);
	assert_non_null(strstr(e.msg, why));
	assert_int_equal(t.n_cpus, 77);
}

static void refuses_what_is_no_capabilities(void **state)
{
	(void)state;
	refuse("", "not the XML");
	refuse("<domain/>", "not the XML");
	refuse("<capabilities/>", "no CPU");
	refuse("<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='99999'/></cpus></cell></cells></topology></host></capabilities>",
		"usable id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_nodes_cores_and_distances),
		cmocka_unit_test(refuses_what_is_no_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
