/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers of the hypercall ABI (Linux values, returned negative). */
#ifndef BULKHEAD_ERRORS_H
#define BULKHEAD_ERRORS_H

#define EPERM	1
#define ENOENT	2
#define EIO	5
#define E2BIG	7
#define ENOMEM	12
#define EBUSY	16
#define EEXIST	17
#define ENODEV	19
#define EINVAL	22
#define ENOSYS	38

#endif
