/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiler builtins that Frama-C does not know, for one CPU. Included before everything else. */
#ifndef BULKHEAD_PROOF_BUILTINS_H
#define BULKHEAD_PROOF_BUILTINS_H

#define __atomic_load_n(pointer, order)			(*(pointer))
#define __atomic_store_n(pointer, value, order)		(*(pointer) = (value))
#define __atomic_fetch_add(pointer, value, order)	(*(pointer) += (value))
#define __atomic_fetch_or(pointer, value, order)	(*(pointer) |= (value))

#endif
