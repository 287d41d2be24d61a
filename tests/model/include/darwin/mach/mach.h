/* mach/mach.h as Darwin has it: of xnu osfmk/mach/task_info.h (1031c584) what tells a task's
 * footprint, up to revision 1 of the structure. */
#ifndef SHIM_TARGET_MACH_H
#define SHIM_TARGET_MACH_H

#include <stdint.h>

typedef int kern_return_t;
typedef unsigned natural_t, mach_port_t, mach_msg_type_number_t, task_flavor_t;
typedef int integer_t, *task_info_t;
typedef uint64_t mach_vm_size_t;

#define KERN_SUCCESS 0
#define TASK_VM_INFO 22

#pragma pack(push, 4)
struct task_vm_info {
    mach_vm_size_t virtual_size;
    integer_t region_count, page_size;
    mach_vm_size_t resident_size, resident_size_peak;
    mach_vm_size_t device, device_peak, internal, internal_peak, external, external_peak;
    mach_vm_size_t reusable, reusable_peak;
    mach_vm_size_t purgeable_volatile_pmap, purgeable_volatile_resident, purgeable_volatile_virtual;
    mach_vm_size_t compressed, compressed_peak, compressed_lifetime;
    mach_vm_size_t phys_footprint;
};
#pragma pack(pop)
typedef struct task_vm_info task_vm_info_data_t;
#define TASK_VM_INFO_COUNT ((mach_msg_type_number_t)(sizeof(task_vm_info_data_t) / sizeof(natural_t)))

/* shim.c */
mach_port_t mach_task_self(void) __asm__("shim_mach_task_self");
kern_return_t task_info(mach_port_t task, task_flavor_t flavor, task_info_t into, mach_msg_type_number_t *count)
    __asm__("shim_task_info");

#endif
