/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions and what they mean. This list is read twice: by the cross assembler, which makes the words,
 * and by the test, which compares what the decoder says about each word with the expectation beside it.
 */

/* size in bytes, width in bits */
#define LOAD(s, w, t)		.size = s, .width = w, .rt = t
#define LOAD_SIGNED(s, w, t)	.size = s, .width = w, .rt = t, .sign_extend = true
#define STORE(s, t)		.size = s, .width = s == 8 ? 64 : 32, .rt = t, .is_write = true
#define AND(t2)			.is_pair = true, .rt2 = t2
#define AT(n, imm)		.rn = n, .offset = imm
#define PRE(n, imm)		AT(n, imm), .writeback = true, .writeback_imm = imm
#define POST(n, imm)		AT(n, 0), .writeback = true, .writeback_imm = imm
#define INDEX(n, m, shift)	.rn = n, .has_index = true, .rm = m, .index_shift = shift
#define UXTW			.index_is_32bit = true
#define SXTW			.index_is_32bit = true, .index_is_signed = true
#define SXTX			.index_is_signed = true

#define SP	31
#define ZR	31

/* unsigned offset */
FORM("strb w1, [x2]", STORE(1, 1), AT(2, 0))
FORM("strb wzr, [sp, #4095]", STORE(1, ZR), AT(SP, 4095))
FORM("ldrb w30, [x29, #1]", LOAD(1, 32, 30), AT(29, 1))
FORM("ldrsb x3, [x4, #5]", LOAD_SIGNED(1, 64, 3), AT(4, 5))
FORM("ldrsb w3, [x4, #5]", LOAD_SIGNED(1, 32, 3), AT(4, 5))
FORM("strh w1, [x2, #8190]", STORE(2, 1), AT(2, 8190))
FORM("ldrh w1, [x2, #2]", LOAD(2, 32, 1), AT(2, 2))
FORM("ldrsh x3, [x4, #6]", LOAD_SIGNED(2, 64, 3), AT(4, 6))
FORM("ldrsh w3, [x4, #6]", LOAD_SIGNED(2, 32, 3), AT(4, 6))
FORM("str w5, [x6, #16380]", STORE(4, 5), AT(6, 16380))
FORM("ldr w5, [x5, #12]", LOAD(4, 32, 5), AT(5, 12))
FORM("ldrsw x7, [x8, #4]", LOAD_SIGNED(4, 64, 7), AT(8, 4))
FORM("str x9, [x10, #32760]", STORE(8, 9), AT(10, 32760))
FORM("ldr x9, [sp, #8]", LOAD(8, 64, 9), AT(SP, 8))
FORM("ldr xzr, [x0]", LOAD(8, 64, ZR), AT(0, 0))

/* pre-indexed */
FORM("strb w1, [x2, #-256]!", STORE(1, 1), PRE(2, -256))
FORM("ldrb w1, [x2, #255]!", LOAD(1, 32, 1), PRE(2, 255))
FORM("ldrsb x1, [x2, #1]!", LOAD_SIGNED(1, 64, 1), PRE(2, 1))
FORM("ldrsb w1, [x2, #1]!", LOAD_SIGNED(1, 32, 1), PRE(2, 1))
FORM("strh w1, [x2, #-2]!", STORE(2, 1), PRE(2, -2))
FORM("ldrh w1, [x2, #2]!", LOAD(2, 32, 1), PRE(2, 2))
FORM("ldrsh x1, [x2, #2]!", LOAD_SIGNED(2, 64, 1), PRE(2, 2))
FORM("ldrsh w1, [x2, #2]!", LOAD_SIGNED(2, 32, 1), PRE(2, 2))
FORM("str w1, [x2, #4]!", STORE(4, 1), PRE(2, 4))
FORM("ldr w1, [x2, #0]!", LOAD(4, 32, 1), PRE(2, 0))
FORM("ldrsw x1, [x2, #4]!", LOAD_SIGNED(4, 64, 1), PRE(2, 4))
FORM("str x30, [sp, #-16]!", STORE(8, 30), PRE(SP, -16))
FORM("str xzr, [sp, #-16]!", STORE(8, ZR), PRE(SP, -16))
FORM("ldr x1, [x2, #8]!", LOAD(8, 64, 1), PRE(2, 8))

/* post-indexed */
FORM("strb w1, [x2], #1", STORE(1, 1), POST(2, 1))
FORM("ldrb w1, [x2], #-1", LOAD(1, 32, 1), POST(2, -1))
FORM("ldrsb x1, [x2], #-256", LOAD_SIGNED(1, 64, 1), POST(2, -256))
FORM("ldrsb w1, [x2], #255", LOAD_SIGNED(1, 32, 1), POST(2, 255))
FORM("strh w1, [x2], #2", STORE(2, 1), POST(2, 2))
FORM("ldrh w1, [x2], #2", LOAD(2, 32, 1), POST(2, 2))
FORM("ldrsh x1, [x2], #2", LOAD_SIGNED(2, 64, 1), POST(2, 2))
FORM("ldrsh w1, [x2], #2", LOAD_SIGNED(2, 32, 1), POST(2, 2))
FORM("str w1, [x2], #4", STORE(4, 1), POST(2, 4))
FORM("ldr w1, [x2], #4", LOAD(4, 32, 1), POST(2, 4))
FORM("ldrsw x1, [x2], #4", LOAD_SIGNED(4, 64, 1), POST(2, 4))
FORM("str x1, [x2], #8", STORE(8, 1), POST(2, 8))
FORM("ldr x30, [sp], #16", LOAD(8, 64, 30), POST(SP, 16))
FORM("ldr xzr, [sp], #16", LOAD(8, 64, ZR), POST(SP, 16))

/* unscaled */
FORM("sturb w1, [x2, #-256]", STORE(1, 1), AT(2, -256))
FORM("ldurb w1, [x2, #255]", LOAD(1, 32, 1), AT(2, 255))
FORM("ldursb x1, [x2, #-1]", LOAD_SIGNED(1, 64, 1), AT(2, -1))
FORM("ldursb w1, [x2, #-1]", LOAD_SIGNED(1, 32, 1), AT(2, -1))
FORM("sturh w1, [x2, #-2]", STORE(2, 1), AT(2, -2))
FORM("ldurh w1, [x2, #1]", LOAD(2, 32, 1), AT(2, 1))
FORM("ldursh x1, [x2, #1]", LOAD_SIGNED(2, 64, 1), AT(2, 1))
FORM("ldursh w1, [x2, #1]", LOAD_SIGNED(2, 32, 1), AT(2, 1))
FORM("stur w1, [x2, #-4]", STORE(4, 1), AT(2, -4))
FORM("ldur w1, [x1, #-4]", LOAD(4, 32, 1), AT(1, -4))
FORM("ldursw x1, [x2, #3]", LOAD_SIGNED(4, 64, 1), AT(2, 3))
FORM("stur x1, [sp, #-8]", STORE(8, 1), AT(SP, -8))
FORM("ldur x1, [x2, #-8]", LOAD(8, 64, 1), AT(2, -8))

/* unprivileged */
FORM("sttrb w1, [x2, #-256]", STORE(1, 1), AT(2, -256))
FORM("ldtrb w1, [x2, #255]", LOAD(1, 32, 1), AT(2, 255))
FORM("ldtrsb x1, [x2]", LOAD_SIGNED(1, 64, 1), AT(2, 0))
FORM("ldtrsb w1, [x2]", LOAD_SIGNED(1, 32, 1), AT(2, 0))
FORM("sttrh w1, [x2]", STORE(2, 1), AT(2, 0))
FORM("ldtrh w1, [x2]", LOAD(2, 32, 1), AT(2, 0))
FORM("ldtrsh x1, [x2]", LOAD_SIGNED(2, 64, 1), AT(2, 0))
FORM("ldtrsh w1, [x2]", LOAD_SIGNED(2, 32, 1), AT(2, 0))
FORM("sttr w1, [x2]", STORE(4, 1), AT(2, 0))
FORM("ldtr w1, [x2]", LOAD(4, 32, 1), AT(2, 0))
FORM("ldtrsw x1, [x2]", LOAD_SIGNED(4, 64, 1), AT(2, 0))
FORM("sttr x1, [x2, #8]", STORE(8, 1), AT(2, 8))
FORM("ldtr x1, [x2, #8]", LOAD(8, 64, 1), AT(2, 8))

/* register offset */
FORM("strb w1, [x2, x3]", STORE(1, 1), INDEX(2, 3, 0))
FORM("ldrb w1, [x2, w3, uxtw]", LOAD(1, 32, 1), INDEX(2, 3, 0), UXTW)
FORM("ldrsb x1, [x2, w3, sxtw]", LOAD_SIGNED(1, 64, 1), INDEX(2, 3, 0), SXTW)
FORM("ldrsb w1, [x2, x3, sxtx]", LOAD_SIGNED(1, 32, 1), INDEX(2, 3, 0), SXTX)
FORM("strh w1, [x2, x3, lsl #1]", STORE(2, 1), INDEX(2, 3, 1))
FORM("ldrh w1, [x2, x3]", LOAD(2, 32, 1), INDEX(2, 3, 0))
FORM("ldrsh x1, [x2, w3, uxtw #1]", LOAD_SIGNED(2, 64, 1), INDEX(2, 3, 1), UXTW)
FORM("ldrsh w1, [x2, w3, sxtw #1]", LOAD_SIGNED(2, 32, 1), INDEX(2, 3, 1), SXTW)
FORM("str w1, [sp, x3, lsl #2]", STORE(4, 1), INDEX(SP, 3, 2))
FORM("ldr w1, [x1, x1, lsl #2]", LOAD(4, 32, 1), INDEX(1, 1, 2))
FORM("ldrsw x1, [x2, x3, lsl #2]", LOAD_SIGNED(4, 64, 1), INDEX(2, 3, 2))
FORM("str x1, [x2, x30, lsl #3]", STORE(8, 1), INDEX(2, 30, 3))
FORM("ldr x1, [x2, x3, sxtx #3]", LOAD(8, 64, 1), INDEX(2, 3, 3), SXTX)
FORM("ldr x1, [x2, xzr]", LOAD(8, 64, 1), INDEX(2, ZR, 0))

/* pairs */
FORM("stp w1, w2, [x3]", STORE(4, 1), AND(2), AT(3, 0))
FORM("stp w1, w1, [x3, #-256]", STORE(4, 1), AND(1), AT(3, -256))
FORM("ldp w1, w2, [x1, #252]", LOAD(4, 32, 1), AND(2), AT(1, 252))
FORM("ldpsw x1, x2, [x3, #-4]", LOAD_SIGNED(4, 64, 1), AND(2), AT(3, -4))
FORM("stp x1, x2, [x3, #-512]", STORE(8, 1), AND(2), AT(3, -512))
FORM("ldp x1, x2, [x3, #504]", LOAD(8, 64, 1), AND(2), AT(3, 504))
FORM("stp w1, w2, [x3, #-8]!", STORE(4, 1), AND(2), PRE(3, -8))
FORM("ldp w1, w2, [x3, #8]!", LOAD(4, 32, 1), AND(2), PRE(3, 8))
FORM("ldpsw x1, x2, [x3, #8]!", LOAD_SIGNED(4, 64, 1), AND(2), PRE(3, 8))
FORM("stp x29, x30, [sp, #-32]!", STORE(8, 29), AND(30), PRE(SP, -32))
FORM("ldp x1, x2, [x3, #16]!", LOAD(8, 64, 1), AND(2), PRE(3, 16))
FORM("stp w1, w2, [x3], #8", STORE(4, 1), AND(2), POST(3, 8))
FORM("ldp w1, w2, [x3], #-8", LOAD(4, 32, 1), AND(2), POST(3, -8))
FORM("ldpsw x1, x2, [x3], #8", LOAD_SIGNED(4, 64, 1), AND(2), POST(3, 8))
FORM("stp xzr, xzr, [sp], #16", STORE(8, ZR), AND(ZR), POST(SP, 16))
FORM("ldp x29, x30, [sp], #32", LOAD(8, 64, 29), AND(30), POST(SP, 32))
FORM("ldp xzr, x30, [sp], #32", LOAD(8, 64, ZR), AND(30), POST(SP, 32))
FORM("stnp w1, w2, [x3, #4]", STORE(4, 1), AND(2), AT(3, 4))
FORM("ldnp w1, w2, [x3, #-4]", LOAD(4, 32, 1), AND(2), AT(3, -4))
FORM("stnp x1, x2, [x3, #8]", STORE(8, 1), AND(2), AT(3, 8))
FORM("ldnp x1, x2, [x3, #-8]", LOAD(8, 64, 1), AND(2), AT(3, -8))

/* ordered */
FORM("stlrb w1, [x2]", STORE(1, 1), AT(2, 0))
FORM("stlrh w1, [x2]", STORE(2, 1), AT(2, 0))
FORM("stlr w1, [x2]", STORE(4, 1), AT(2, 0))
FORM("stlr x1, [sp]", STORE(8, 1), AT(SP, 0))
FORM("ldarb w1, [x2]", LOAD(1, 32, 1), AT(2, 0))
FORM("ldarh w1, [x2]", LOAD(2, 32, 1), AT(2, 0))
FORM("ldar w1, [x1]", LOAD(4, 32, 1), AT(1, 0))
FORM("ldar xzr, [x2]", LOAD(8, 64, ZR), AT(2, 0))
FORM("stllrb w1, [x2]", STORE(1, 1), AT(2, 0))
FORM("stllr x1, [x2]", STORE(8, 1), AT(2, 0))
FORM("ldlarh w1, [x2]", LOAD(2, 32, 1), AT(2, 0))
FORM("ldlar x1, [x2]", LOAD(8, 64, 1), AT(2, 0))

/* not emulated */
OTHER("ldr s1, [x2]")
OTHER("ldr q1, [x2, #16]!")
OTHER("str b1, [x2], #1")
OTHER("str d1, [x2, x3]")
OTHER("ldp q1, q2, [x3]")
OTHER("stp s1, s2, [x3], #8")
OTHER("ldnp d1, d2, [x3]")
OTHER("ldr x1, .")
OTHER("ldrsw x1, .")
OTHER("prfm pldl1keep, [x1]")
OTHER("prfm pldl1keep, [x1, x2]")
OTHER("prfum pldl1keep, [x1, #-1]")
OTHER("ldxr x1, [x2]")
OTHER("stxr w0, x1, [x2]")
OTHER("ldaxp x1, x2, [x3]")
OTHER("stlxp w0, x1, x2, [x3]")
OTHER("ldaxrb w1, [x2]")
OTHER("cas x1, x2, [x3]")
OTHER("casp x0, x1, x2, x3, [x4]")
OTHER("casalb w1, w2, [x3]")
OTHER("swp x1, x2, [x3]")
OTHER("ldadd w1, w2, [x3]")
OTHER("stset x1, [x2]")
OTHER("ldapr x1, [x2]")
OTHER("ldapur x1, [x2, #8]")
OTHER("stlur w1, [x2]")
OTHER("ldraa x1, [x2]")
OTHER("ldrab x1, [x2, #8]!")
OTHER("stg x1, [x2]")
OTHER("ldg x1, [x2]")
OTHER("stgp x1, x2, [x3]")
OTHER("stgp x1, x2, [x3], #16")
OTHER("ld1 {v0.16b}, [x1]")
OTHER(".inst 0xf83f9100")	/* st64b x0, [x8]: the assembler may not know it */
OTHER("dc zva, x1")
OTHER("add x1, x2, x3")
OTHER("b .")
OTHER("udf #0")

/* CONSTRAINED UNPREDICTABLE: the assembler warns, or refuses to make them, hence as words */
OTHER(".inst 0xf8408421")	/* ldr x1, [x1], #8 */
OTHER(".inst 0xf8008c21")	/* str x1, [x1, #8]! */
OTHER(".inst 0x38401421")	/* ldrb w1, [x1], #1 */
OTHER(".inst 0xa8c10821")	/* ldp x1, x2, [x1], #16 */
OTHER(".inst 0xa8c10841")	/* ldp x1, x2, [x2], #16 */
OTHER(".inst 0xa9810821")	/* stp x1, x2, [x1, #16]! */
OTHER(".inst 0xa9400461")	/* ldp x1, x1, [x3] */
OTHER(".inst 0xa9407c7f")	/* ldp xzr, xzr, [x3] */

/* unallocated */
OTHER(".inst 0xb8c00041")	/* size 10, opc 11 */
OTHER(".inst 0xf8c00041")	/* size 11, opc 11 */
OTHER(".inst 0xb9c00041")
OTHER(".inst 0x38230841")	/* strb w1, [x2, w3, <extend 000>] */
OTHER(".inst 0xe9400861")	/* ldp, opc 11 */
OTHER(".inst 0x68400861")	/* ldnpsw does not exist */
OTHER(".inst 0xc8c0fc41")	/* ldar, Rs not all ones */
OTHER(".inst 0xc8df8041")	/* ldar, Rt2 not all ones */
