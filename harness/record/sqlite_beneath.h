/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQLite opens its file, and makes journals beside it, by name, through links. Here each of its
 * open()s is base/beneath.h's, and it resolves no link by itself.
 */
#ifndef SS_RECORD_SQLITE_BENEATH_H
#define SS_RECORD_SQLITE_BENEATH_H

/* The VFS for sqlite3_open_v2(). */
const char *sqlite_beneath(void);
/* What `path`, a file in a folder that is held, is to be called for SQLite, by the folder's handle:
 * good until that is dropped. Caller frees. */
char *sqlite_beneath_name(const char *path);

#endif
