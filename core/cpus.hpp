#pragma once

#include <string>

namespace weir {

/// How many CPUs this process may use at once, at least 1: those of its affinity mask, and no more
/// than the CPU quota of its cgroup and of those above it allows, rounded up. Read once. Any
/// thread.
///
/// Whatever is made in a number "a core" is made in this number: threads beyond the quota only make
/// the kernel stop all of them for the rest of each period.
unsigned usable_cpus();

/// The same for `affinity` CPUs, with cgroups as the files below `root` show them
/// (`root`/proc/self/cgroup, `root`/proc/self/mountinfo and what is mounted there): versions 1 and
/// 2, alone or side by side. What cannot be read limits nothing.
unsigned cpus_within(unsigned affinity, const std::string& root);

} // namespace weir
