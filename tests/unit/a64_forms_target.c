/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a64_forms.h: assembled for the target, never run. */
#define FORM(text, ...)	__asm__(text);
#define OTHER(text)	__asm__(text);
#include "a64_forms.h"
