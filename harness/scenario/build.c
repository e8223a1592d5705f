// SPDX-License-Identifier: GPL-3.0-or-later
// The tree of one configuration as structs.
#include "scenario/build.h"

#include <stdlib.h>

static bool is(const struct node *n, enum elem_id id)
{
	return n->key == &key_elems[id];
}

/* What is not said of somebody's domain stays as it is. */
static void build_domain(const struct node *n, struct exp_guest *g)
{
	static const char *const places[] = {"placement", "cpus", "beside", "away", "node"};

	g->memory_bytes = 0;
	g->is_noise = g->neighbour;
	g->emulator_as_is = !node_attr(n, "emulator") && !node_attr(n, "emulator-cpus");
	g->as_placed = true;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		g->as_placed = g->as_placed && !node_attr(n, places[i]);
}

static void build_guest(const struct node *n, struct exp_guest *g)
{
	keys_store(n, g);
	g->pos = n->pos;
	g->broken = n->broken;
	/* What depends on another attribute. */
	if (g->kind == GUEST_LINUX && !node_attr(n, "memory"))
		g->memory_bytes = UINT64_C(256) << 20;
	if (g->kind == GUEST_DISK && !node_attr(n, "memory"))
		g->memory_bytes = UINT64_C(1) << 30;
	if (g->kind == GUEST_DISK && !g->disk.ready[0]) {
		free(g->disk.ready);
		g->disk.ready = xstrdup(g->disk.agent == AGENT_NONE ? "now" : "agent");
	}
	if (g->kind == GUEST_NATIVE)
		g->memory_bytes = 0;
	if (!g->limits.quota_ns)
		g->limits.period_ns = 0;
	if (g->kind == GUEST_DOMAIN)
		build_domain(n, g);
	node_for_each(c, n)
	{
		if (is(c, ELEM_FILE)) {
			ARRAY_GROW(g->files, g->n_files);
			keys_store(c, &g->files[g->n_files]);
			g->files[g->n_files++].pos = c->pos;
		} else if (c->key->probe && !(c->implied && guest_is_outside(g))) {
			struct exp_probe *p;

			ARRAY_GROW(g->probes, g->n_probes);
			p = &g->probes[g->n_probes++];
			keys_store(c, p);
			p->kind = c->key->probe;
			p->pos = c->pos;
		}
	}
}

/* <noise kind="guest"> is a guest whose vCPUs all run the gap probe: busy, and measured. */
static void guest_of_noise(const struct node *n, const struct exp_noise *noise, struct exp_guest *g)
{
	struct node gap = {.name = "gap", .key = &key_elems[ELEM_GAP], .pos = n->pos};
	struct node guest = {.name = "guest",
		.key = &key_elems[ELEM_GUEST],
		.pos = n->pos,
		.broken = n->broken,
		.children = &gap};

	build_guest(&guest, g);
	free(g->name);
	free(g->beside);
	free(g->away);
	g->name = xstrdup(noise->name);
	g->beside = xstrdup(noise->beside);
	g->away = xstrdup(noise->away);
	g->is_noise = true;
	g->count = noise->count;
	g->vcpus = noise->vcpus;
	g->memory_bytes = noise->memory_bytes;
	g->placement = noise->placement;
	g->cpus = noise->cpus;
	g->limits = noise->limits;
	if (!g->limits.quota_ns)
		g->limits.period_ns = 0;
}

static void add_guest(struct exp_config *out, const struct exp_guest *g)
{
	ARRAY_GROW(out->guests, out->n_guests);
	out->guests[out->n_guests++] = *g;
}

static void build_noise(const struct node *n, struct exp_config *out)
{
	struct exp_noise noise = {0};

	keys_store(n, &noise);
	noise.pos = n->pos;
	noise.broken = n->broken;
	if (!noise.limits.quota_ns)
		noise.limits.period_ns = 0;
	if (kind_of(&words_noise_kind, noise.kind)->traits & NOISE_IS_GUEST) {
		struct exp_guest g = {0};

		guest_of_noise(n, &noise, &g);
		add_guest(out, &g);
		keys_free(ELEM_NOISE, &noise);
		return;
	}
	ARRAY_GROW(out->noises, out->n_noises);
	out->noises[out->n_noises++] = noise;
}

void build_config(const struct node *root, struct exp_config *out)
{
	keys_store(root, out);
	out->pos = root->pos;
	node_for_each(c, root)
	{
		struct exp_guest g = {0};

		if (is(c, ELEM_LAB)) {
			keys_store(c, &out->lab);
			out->lab.pos = c->pos;
		} else if (is(c, ELEM_GUEST)) {
			build_guest(c, &g);
			add_guest(out, &g);
		}
	}
	build_measures(root, out);
	/* Noise guests last. */
	node_for_each(c, root) if (is(c, ELEM_NOISE)) build_noise(c, out);
}

static void guest_release(struct exp_guest *g)
{
	for (size_t i = 0; i < g->n_probes; i++)
		keys_free(key_probe_elem(g->probes[i].kind), &g->probes[i]);
	free(g->probes);
	for (size_t i = 0; i < g->n_files; i++)
		keys_free(ELEM_FILE, &g->files[i]);
	free(g->files);
	free(g->pins);
	keys_free(ELEM_GUEST, g);
}

void config_release(struct exp_config *c)
{
	for (size_t i = 0; i < c->n_guests; i++)
		guest_release(&c->guests[i]);
	free(c->guests);
	for (size_t i = 0; i < c->n_noises; i++)
		keys_free(ELEM_NOISE, &c->noises[i]);
	free(c->noises);
	free_measures(c);
	for (size_t i = 0; i < c->n_expects; i++) {
		free(c->expects[i].text);
		free(c->expects[i].of_config);
		keys_free(ELEM_EXPECT, &c->expects[i]);
	}
	free(c->expects);
	free(c->name);
	free(c->variant);
	free(c->point);
	*c = (struct exp_config){0};
}
