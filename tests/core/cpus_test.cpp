#include "core/cpus.hpp"

#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sched.h>

using weir::cpus_within;

namespace {

// A directory with the files of a machine.
struct machine {
  void has(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text << '\n';
  }

  void is_v2(const std::string& cgroup, const std::string& shows = "/") const {
    has("/proc/self/cgroup", "0::" + cgroup);
    has("/proc/self/mountinfo",
        "22 1 0:21 / /proc rw,nosuid - proc proc rw\n30 23 0:26 " + shows
            + " /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate");
  }

  void is_v1(const std::string& cgroup, const std::string& shows = "/") const {
    has("/proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:" + cgroup + "\n1:name=systemd:/x");
    has("/proc/self/mountinfo",
        "31 23 0:27 " + shows
            + " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
              "32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
              "33 23 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset");
  }

  weir::test::temporary_directory directory;
  const std::string& root = directory.path();
};

} // namespace

BOOST_AUTO_TEST_SUITE(cpus_test)

// Scenario: cgroups of version 2 with a quota on the process's own, on one above it, on none.
// Guarantee: the least of them counts, rounded up, never more than the affinity mask has.
BOOST_AUTO_TEST_CASE(version_2) {
  const machine m;
  m.is_v2("/kubepods/pod1/app");
  BOOST_TEST(cpus_within(64, m.root) == 64U);
  m.has("/sys/fs/cgroup/kubepods/pod1/app/cpu.max", "max 100000");
  BOOST_TEST(cpus_within(64, m.root) == 64U);
  m.has("/sys/fs/cgroup/kubepods/pod1/app/cpu.max", "400000 100000");
  BOOST_TEST(cpus_within(64, m.root) == 4U);
  BOOST_TEST(cpus_within(2, m.root) == 2U);
  m.has("/sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000");
  BOOST_TEST(cpus_within(64, m.root) == 2U);
  m.has("/sys/fs/cgroup/kubepods/pod1/app/cpu.max", "10000 100000");
  BOOST_TEST(cpus_within(64, m.root) == 1U);
}

// Scenario: in a container with a cgroup namespace its own cgroup is the root of what is mounted;
// the path of a process that was moved out of it goes up.
// Guarantee: the file at the root counts.
BOOST_AUTO_TEST_CASE(version_2_in_a_container) {
  const machine m;
  m.is_v2("/");
  m.has("/sys/fs/cgroup/cpu.max", "200000 100000");
  BOOST_TEST(cpus_within(16, m.root) == 2U);
  m.is_v2("/../sibling");
  BOOST_TEST(cpus_within(16, m.root) == 2U);
}

// Scenario: version 1, seen from the host and from a container that sees its part alone.
// Guarantee: quota over period of the cpu hierarchy; -1 is none.
BOOST_AUTO_TEST_CASE(version_1) {
  const machine m;
  m.is_v1("/docker/abc");
  const std::string directory = "/sys/fs/cgroup/cpu,cpuacct/docker/abc";
  m.has(directory + "/cpu.cfs_quota_us", "-1");
  m.has(directory + "/cpu.cfs_period_us", "100000");
  BOOST_TEST(cpus_within(8, m.root) == 8U);
  m.has(directory + "/cpu.cfs_quota_us", "250000");
  BOOST_TEST(cpus_within(8, m.root) == 3U);

  const machine inside;
  inside.is_v1("/docker/abc", "/docker/abc");
  inside.has("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000");
  inside.has("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  BOOST_TEST(cpus_within(8, inside.root) == 1U);
}

// Scenario: both side by side, files that are missing, empty or no numbers, a quota of nothing.
// Guarantee: what says nothing limits nothing; at least one CPU is left.
BOOST_AUTO_TEST_CASE(odd_files) {
  const machine m;
  BOOST_TEST(cpus_within(8, m.root) == 8U);
  m.is_v2("/a");
  for (const auto* text : {"", "max", "many 100000", "-5 100000", "0 0", "100000 0"}) {
    m.has("/sys/fs/cgroup/a/cpu.max", text);
    BOOST_TEST(cpus_within(8, m.root) == 8U, text);
  }
  m.has("/proc/self/cgroup", "nothing");
  m.has("/sys/fs/cgroup/cpu.max", "300000 100000");
  BOOST_TEST(cpus_within(8, m.root) == 3U);
  m.has("/proc/self/mountinfo", "short line\n1 2 3 4 5 6 -\n1 2 3 4 5 6 - cgroup2");
  BOOST_TEST(cpus_within(8, m.root) == 8U);
  BOOST_TEST(cpus_within(0, m.root) == 1U);
}

// Scenario: this process. Guarantee: no more than its affinity mask has.
BOOST_AUTO_TEST_CASE(this_process) {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    BOOST_TEST(weir::usable_cpus() <= static_cast<unsigned>(CPU_COUNT(&mask)));
  BOOST_TEST(weir::usable_cpus() >= 1U);
}

BOOST_AUTO_TEST_SUITE_END()
