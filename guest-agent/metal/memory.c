/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/memory.h"

/* PVH start info and its memory map (Xen's public/arch-x86/hvm/start_info.h), as far as used. */
struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct pvh_memory {
	uint64_t address, size;
	uint32_t type, reserved;
};
#define PVH_MAGIC      0x336ec578u
#define PVH_MEMORY_RAM 1u

#define GIB	   (UINT64_C(1) << 30)
#define LARGE_PAGE (UINT64_C(1) << 21)
#define MAPPED	   (4 * GIB)

extern uint8_t image_end[];
extern uint64_t boot_pml4[512], boot_pdpt[512];

static uint64_t high_pdpt[512] __attribute__((aligned(4096)));
static uint64_t high_pd[512] __attribute__((aligned(4096)));

/* The largest stretch of RAM behind the image. It begins with the stacks of the other CPUs (boot.S): in
 * the image they would be loaded, all 2 MiB of them, into every guest of one vCPU. */
static uint64_t area_start, area_end;
static uint64_t page_start, page_end;

/* "page=0x..." somewhere in the command line. */
static uint64_t page_of(const char *line)
{
	static const char key[] = "page=0x";
	uint64_t address = 0;
	unsigned found = 0;

	for (; *line && found < sizeof(key) - 1; line++)
		found = *line == key[found] ? found + 1 : *line == key[0];
	for (; found == sizeof(key) - 1; line++) {
		char c = *line;

		if (c >= '0' && c <= '9')
			address = address << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			address = address << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return address;
}

void memory_init(uint64_t start_info)
{
	const struct pvh_start_info *info = (const struct pvh_start_info *)start_info;
	const struct pvh_memory *map;
	uint64_t page;

	if (info->magic != PVH_MAGIC || info->version < 1)
		return;
	page = info->cmdline ? page_of((const char *)info->cmdline) : 0;
	map = (const struct pvh_memory *)info->memmap;
	for (uint32_t i = 0; i < info->memmap_entries && i < 128; i++) {
		uint64_t start = map[i].address, end = start + map[i].size;

		if (map[i].type != PVH_MEMORY_RAM)
			continue;
		if (start < (uint64_t)image_end)
			start = (uint64_t)image_end;
		if (end > MAPPED)
			end = MAPPED;
		if (page > start && page < end) {
			page_start = page;
			page_end = end;
			end = page;
		}
		if (end > start && end - start > area_end - area_start) {
			area_start = start;
			area_end = end;
		}
	}
}

uint64_t memory_page(uint64_t *size)
{
	*size = page_end - page_start;
	return page_start;
}

void memory_map(uint64_t address, uint64_t size)
{
	uint64_t base = address & ~(GIB - 1);
	uint64_t *pdpt = boot_pdpt;

	if (address + size <= MAPPED)
		return;
	for (unsigned i = 0; i < 512; i++)
		high_pd[i] = (base + i * LARGE_PAGE) | PTE_LARGE;
	if (address >> 39) {
		pdpt = high_pdpt;
		boot_pml4[address >> 39 & 511] = (uint64_t)high_pdpt | PTE_TABLE;
	}
	pdpt[address >> 30 & 511] = (uint64_t)high_pd | PTE_TABLE;
	__asm__ volatile("mov %0, %%cr3" : : "r"(boot_pml4) : "memory");
}

/* Each vCPU's share of the area: as much as it wants, one behind the other. */
void *platform_memory(struct agent_vcpu *v, uint64_t *bytes)
{
	uint64_t stacks = (v->host->nr_vcpus - 1) * (uint64_t)STACK_SIZE;
	uint64_t start = (area_start + stacks + 4095) & ~UINT64_C(4095), share;

	share = (area_end - start) / v->host->nr_vcpus & ~UINT64_C(4095);
	if (area_end <= start || share == 0)
		return 0;
	if (*bytes > share)
		*bytes = share;
	return (void *)(start + v->index * share);
}
