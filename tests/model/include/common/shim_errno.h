/* shim_errno.h: errno is the host's, which the model sets to the target's numbers; and the numbers
 * that are the same on every Unix (the first 34 are Seventh Edition's). */
#ifndef SHIM_ERRNO_H
#define SHIM_ERRNO_H

int *__errno_location(void);
#define errno (*__errno_location())

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EBADF 9
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define ENODEV 19
#define EINVAL 22
#define EMFILE 24

#endif
