#include "backends/output_file.hpp"

#include "backends/file.hpp"
#include "codec/encoding.hpp"
#include "otlp/wire.hpp"
#include "tests/support/temporary_directory.hpp"
#include "waiting.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace weir::backends;
using weir::test::send_and_wait;
using weir::test::temporary_directory;
using kind = outcome::kind;
namespace fs = std::filesystem;
namespace wire = weir::otlp::wire;

namespace {

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string prefixed(const std::string& body) {
  const auto size = body.size();
  return {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
          static_cast<char>(size >> 8), static_cast<char>(size)};
}

// A span whose name tells it apart and whose length is about `bytes`.
std::string request(const std::string& name, std::size_t bytes) {
  const auto field = [](std::uint32_t number, const std::string& body) {
    std::string out;
    wire::append_bytes_field(out, number, body);
    return out;
  };
  return field(1, field(2, field(2, field(5, name) + field(3, std::string(bytes, 'x')))));
}

// Everything in the files of a directory, oldest first: records of JSON lines.
std::vector<std::string> all_lines(const fs::path& directory, const std::string& path,
                                   std::size_t& torn) {
  std::vector<std::pair<std::chrono::system_clock::time_point, fs::path>> files;
  for (const auto& entry : fs::directory_iterator(directory))
    files.emplace_back(rotation_time(path, entry.path().filename().string(), false)
                           .value_or(std::chrono::system_clock::time_point::max()),
                       entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> lines;
  for (const auto& [when, file] : files) {
    std::istringstream input(content(file));
    for (std::string line; std::getline(input, line);)
      if (input.eof())
        ++torn; // No newline behind it.
      else
        lines.push_back(line);
  }
  return lines;
}

} // namespace

// What the file exporter writes: formats, rotation, and what a killed process leaves.
BOOST_AUTO_TEST_SUITE(output_file_test)

// Scenario: 3 MiB of requests into a file that may have 1 MiB. Guarantee: rotated files, none
// larger than that, each of whole lines; all lines are there once, in order over the files.
BOOST_AUTO_TEST_CASE(rotation_loses_and_cuts_nothing) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  constexpr int requests = 300;
  {
    auto made =
        make_file_sender("file", {.path = path, .rotation = rotation_config{.max_megabytes = 1}});
    BOOST_REQUIRE(made);
    weir::test::inbox<outcome> outcomes;
    for (int i = 0; i < requests; ++i)
      (*made)->send({.message = weir::shared_bytes(request("n" + std::to_string(i), 10'000))},
                    [&](outcome o) { outcomes.put(std::move(o)); });
    for (const auto& o : outcomes.wait(requests))
      BOOST_TEST((o.answer == kind::delivered), o.reason);
  }
  for (const auto& entry : fs::directory_iterator(d.path()))
    BOOST_TEST(entry.file_size() <= 1u << 20);
  std::size_t torn = 0;
  const auto lines = all_lines(d.path(), path, torn);
  BOOST_TEST(torn == 0u);
  BOOST_REQUIRE(lines.size() == std::size_t{requests});
  for (int i = 0; i < requests; ++i)
    BOOST_TEST(lines[static_cast<std::size_t>(i)].find("\"name\":\"n" + std::to_string(i) + "\"")
               != std::string::npos);
}

// Scenario: a record larger than a file may be, between small ones. Guarantee: it is written,
// alone.
BOOST_AUTO_TEST_CASE(a_record_over_the_limit_has_a_file_of_its_own) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  auto made =
      make_file_sender("file", {.path = path, .rotation = rotation_config{.max_megabytes = 1}});
  BOOST_REQUIRE(made);
  for (const std::size_t bytes : {10, 3 << 20, 10})
    BOOST_TEST((send_and_wait(**made, request("a", bytes)).answer == kind::delivered));
  std::vector<std::uintmax_t> sizes;
  for (const auto& entry : fs::directory_iterator(d.path()))
    sizes.push_back(entry.file_size());
  std::sort(sizes.begin(), sizes.end());
  BOOST_REQUIRE(sizes.size() == 3u);
  BOOST_TEST(sizes[1] < 1000u);
  BOOST_TEST(sizes[2] > 3u << 20);
}

// Scenario: rotated files of both spellings, some old, and files of others beside them; then a
// rotation with limits on age and number. Guarantee: the oldest beyond the limits go, no other
// file.
BOOST_AUTO_TEST_CASE(old_files_go) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  const std::vector<std::string> old = {"out-2001-01-01T00-00-00.000.json",
                                        "out-2001-01-02T00-00-00.000-size.json"};
  const std::vector<std::string> foreign = {"out-notes.json", "out-2001-01-01.json", "other.json",
                                            "out-2001-01-01T00-00-00.000.txt"};
  for (const auto& name : old)
    put(d.file(name), "old\n");
  for (const auto& name : foreign)
    put(d.file(name), "foreign\n");
  put(path, std::string(1 << 20, 'x') + "\n");
  const auto rotate = [&](const rotation_config& rotation) {
    auto file = output_file::open({.path = path, .rotation = rotation});
    BOOST_REQUIRE(file);
    const auto record = std::string(1 << 20, 'y') + "\n";
    const std::size_t ends[] = {record.size()};
    BOOST_TEST((*file)->append(record, ends, rotation).records == 1u);
  };
  rotate({.max_megabytes = 1, .max_backups = 2});
  BOOST_TEST(!fs::exists(d.file(old[0])));
  BOOST_TEST(fs::exists(d.file(old[1])));
  rotate({.max_megabytes = 1, .max_days = 1, .max_backups = 0});
  BOOST_TEST(!fs::exists(d.file(old[1])));
  for (const auto& name : foreign)
    BOOST_TEST(fs::exists(d.file(name)));
  BOOST_TEST(std::distance(fs::directory_iterator(d.path()), {})
             == static_cast<std::ptrdiff_t>(foreign.size()) + 3);
}

// Scenario: names of rotated files, right and wrong. Guarantee: only ours have a time.
BOOST_AUTO_TEST_CASE(names_of_rotated_files) {
  const auto index = [](const char* name) { return rotation_time("/x/out.json", name, false); };
  const auto time = index("out-2024-02-29T12-30-45.250.json");
  BOOST_REQUIRE(time);
  BOOST_TEST(time->time_since_epoch() == std::chrono::milliseconds(1709209845250));
  BOOST_TEST((index("out-2024-02-29T12-30-45.250-size.json") == time));
  for (const char* name :
       {"out.json", "out-.json", "out-2024-02-29T12-30-45.json", "in-2024-02-29T12-30-45.250.json",
        "out-2024-02-29T12-30-45.250.json.gz", "out-2024-02-29T12-30-45.250x.json"})
    BOOST_TEST(!index(name), name);
}

// Scenario: files that end in the middle of a record, at every length of it, and with zeros as a
// power cut leaves them. Guarantee: when they are gone on with, the torn record is cut off, whole
// ones stay; one that lacks its line end alone gets it.
BOOST_AUTO_TEST_CASE(a_torn_record_is_cut_off) {
  const temporary_directory d;
  const auto path = d.file("out");
  const auto body = request("name", 20);
  std::string packed;
  BOOST_REQUIRE(weir::codec::encode(weir::codec::encoding::zstd, body, 0, packed));
  for (const auto& [record, compression] :
       {std::pair{prefixed(body) + body, ""}, {prefixed(packed) + packed, "zstd"}})
    for (std::size_t left = 0; left < record.size(); ++left) {
      put(path, record + record + record.substr(0, left));
      BOOST_REQUIRE(output_file::open(
          {.path = path, .format = "proto", .compression = compression, .append = true}));
      BOOST_TEST(content(path) == record + record);
    }
  const std::string line = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]})";
  for (std::size_t left = 0; left <= line.size(); ++left) {
    put(path, line + "\n" + line.substr(0, left));
    BOOST_REQUIRE(output_file::open({.path = path, .append = true}));
    BOOST_TEST(content(path) == (left == line.size() ? line + "\n" + line + "\n" : line + "\n"));
  }
  for (const auto& torn : {line.substr(0, 30) + std::string(5000, '\0'), std::string(5000, '\0'),
                           line.substr(0, 40) + std::string(200'000, 'x')}) {
    put(path, line + "\n" + torn); // Over more than one piece that is looked at.
    BOOST_REQUIRE(output_file::open({.path = path, .append = true}));
    BOOST_TEST(content(path) == line + "\n");
  }
}

// Scenario: files of every format, and files of others, gone on with in every format. Guarantee:
// what is not of the format is an error that names the file, and not a byte of it is touched; text
// of others in whole lines may stand before lines of JSON.
BOOST_AUTO_TEST_CASE(other_formats_are_left_alone) {
  const temporary_directory d;
  const auto path = d.file("out");
  const std::vector<std::pair<const char*, const char*>> formats = {
      {"json", ""}, {"json", "zstd"}, {"proto", ""}, {"proto", "zstd"}};
  const auto config_of = [&](const auto& format, bool append) {
    return file_config{.path = path,
                       .format = format.first,
                       .compression = format.second,
                       .append = append,
                       .rotation = append ? std::nullopt : std::optional(rotation_config{})};
  };
  for (const auto& written : formats) {
    fs::remove(path);
    {
      auto made = make_file_sender("file", config_of(written, true));
      BOOST_REQUIRE(made);
      for (int i = 0; i < 3; ++i)
        BOOST_TEST((send_and_wait(**made, request("name", 300)).answer == kind::delivered));
    }
    const auto whole = content(path);
    for (const auto& before : {whole, whole.substr(0, whole.size() - 7)})
      for (const auto& wanted : formats)
        for (const bool append : {true, false}) {
          put(path, before);
          const auto opened = output_file::open(config_of(wanted, append));
          BOOST_TEST(opened.has_value() == (wanted == written),
                     written.first << written.second << " as " << wanted.first << wanted.second);
          if (wanted != written) {
            BOOST_TEST(content(path) == before);
            BOOST_TEST(opened.error().message.find(path) != std::string::npos);
          }
        }
  }
  for (const std::string foreign :
       {"a note\nwithout a last line end", "{\"a\":1}", "x", "0123456789", "{\"resourceSpams\":["})
    for (const auto& wanted : formats) {
      put(path, foreign);
      BOOST_TEST(!output_file::open(config_of(wanted, true)), foreign << " as " << wanted.first);
      BOOST_TEST(content(path) == foreign);
    }
  put(path, "a note\n");
  BOOST_TEST(output_file::open(config_of(formats[0], true)).has_value());
  BOOST_TEST(!output_file::open(config_of(formats[2], true)).has_value());
  BOOST_TEST(content(path) == "a note\n");
}

// Scenario: two senders with one file, as an exporter in two pipelines has them, also through a
// link, with rotation, with a change of the settings under way, and one that is stopped. Guarantee:
// every record stands once, whole; nothing is written into a file that is gone.
BOOST_AUTO_TEST_CASE(senders_share_a_file) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  const auto link = d.file("link.json");
  put(path, "old\n");
  fs::create_symlink("out.json", link);
  constexpr int requests = 200;
  {
    auto first = make_file_sender("file", {.path = path});
    BOOST_REQUIRE(first);
    BOOST_TEST(content(path) == "");
    const auto rotation = rotation_config{.max_megabytes = 1, .max_backups = 0};
    auto second = make_file_sender("file", {.path = link, .rotation = rotation});
    BOOST_REQUIRE(second);
    BOOST_TEST(!make_file_sender("file", {.path = path, .format = "proto"}));
    weir::test::inbox<outcome> outcomes;
    for (int i = 0; i < requests; ++i)
      for (auto* made : {&first, &second})
        (**made)->send({.message = weir::shared_bytes(request("n" + std::to_string(i), 10'000))},
                       [&](outcome o) { outcomes.put(std::move(o)); });
    for (const auto& o : outcomes.wait(2 * requests))
      BOOST_TEST((o.answer == kind::delivered), o.reason);
    (*first)->stop();
    BOOST_TEST((send_and_wait(**second, request("last", 10)).answer == kind::delivered));
  }
  fs::remove(link);
  std::size_t torn = 0;
  std::map<std::string, int> names;
  for (const auto& line : all_lines(d.path(), path, torn)) {
    const auto found = line.find("\"name\":\"") + 8;
    ++names[line.substr(found, line.find('"', found) - found)];
  }
  BOOST_TEST(torn == 0u);
  BOOST_TEST(names.size() == std::size_t{requests + 1});
  for (int i = 0; i < requests; ++i)
    BOOST_TEST(names["n" + std::to_string(i)] == 2);
}

// Scenario: two senders with one file, and no room for one's record. Guarantee: the other's records
// stay; then it goes on.
BOOST_AUTO_TEST_CASE(a_full_disk_takes_nothing_of_others) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  auto first = make_file_sender("file", {.path = path});
  auto second = make_file_sender("file", {.path = path});
  BOOST_REQUIRE((first && second));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto one = send_and_wait(**first, request("one", 10));
  const auto full = send_and_wait(**second, request("large", 5000));
  const auto two = send_and_wait(**first, request("two", 10));
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST((one.answer == kind::delivered));
  BOOST_TEST((full.answer == kind::retry));
  BOOST_TEST((two.answer == kind::delivered));
  std::size_t torn = 0;
  BOOST_TEST(all_lines(d.path(), path, torn).size() == 2u);
  BOOST_TEST(torn == 0u);
}

// Scenario: a process that writes and rotates all the time is killed by SIGKILL, twenty times over,
// and goes on each time with what was not acknowledged. Guarantee: what it acknowledged stands in
// the files, whole; no line is cut once it has gone on.
BOOST_AUTO_TEST_CASE(kill_9_loses_nothing_acknowledged) {
  const temporary_directory d;
  const temporary_directory notes;
  const auto path = d.file("out.json");
  const auto acked = notes.file("acked");
  std::mt19937 random{20};
  for (int round = 0; round < 20; ++round) {
    const auto child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      auto file = make_file_sender(
          "file",
          {.path = path, .rotation = rotation_config{.max_megabytes = 1, .max_backups = 0}});
      const int log = ::open(acked.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      for (int i = 0; file; ++i) {
        const auto name = std::to_string(round) + "." + std::to_string(i);
        (*file)->send(
            {.message = weir::shared_bytes(request(name, 40'000))}, [=](const outcome& o) {
              const auto line = name + "\n";
              if (o.answer == kind::delivered && ::write(log, line.data(), line.size()) < 0)
                ::_exit(1);
            });
        if (i % 8 == 7)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ::_exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 40));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_REQUIRE(WIFSIGNALED(status));
  }
  BOOST_REQUIRE(make_file_sender(
      "file", {.path = path, .rotation = rotation_config{.max_megabytes = 1, .max_backups = 0}}));
  std::size_t torn = 0;
  std::set<std::string> there;
  for (const auto& line : all_lines(d.path(), path, torn)) {
    const auto found = line.find("\"name\":\"");
    BOOST_REQUIRE(found != std::string::npos);
    BOOST_REQUIRE(line.ends_with("]}]}"));
    there.insert(line.substr(found + 8, line.find('"', found + 8) - found - 8));
  }
  BOOST_TEST(torn == 0u);
  std::istringstream input(content(acked));
  std::size_t count = 0;
  for (std::string name; std::getline(input, name); ++count)
    BOOST_TEST(there.contains(name), name);
  BOOST_TEST(count > 100u);
}

// Scenario: protobuf, and both formats packed by zstd. Guarantee: records behind four bytes of
// length, big-endian, that unpack to the message or its JSON.
BOOST_AUTO_TEST_CASE(formats_and_compression) {
  const temporary_directory d;
  const auto message = request("name", 300);
  for (const auto& [format, compression] :
       {std::pair{"proto", ""}, {"proto", "zstd"}, {"json", "zstd"}}) {
    const auto path = d.file("out");
    {
      auto made =
          make_file_sender("file", {.path = path, .format = format, .compression = compression});
      BOOST_REQUIRE(made);
      for (int i = 0; i < 2; ++i)
        BOOST_TEST((send_and_wait(**made, message).answer == kind::delivered));
    }
    const auto bytes = content(path);
    const auto size = bytes.size() / 2 - 4;
    BOOST_TEST(bytes.substr(0, bytes.size() / 2) == bytes.substr(bytes.size() / 2));
    auto body = bytes.substr(4, size);
    BOOST_TEST(bytes.substr(0, 4) == prefixed(body));
    if (*compression != 0) {
      std::string plain;
      BOOST_REQUIRE(weir::codec::decode(weir::codec::encoding::zstd, body, 1 << 20, plain));
      body = plain;
    }
    BOOST_TEST((format == std::string("proto") ? body == message
                                               : body.starts_with("{\"resourceSpans\"")));
  }
}

// Scenario: a path several directories down, with permissions. Guarantee: they are made with these.
BOOST_AUTO_TEST_CASE(directories_get_their_permissions) {
  const temporary_directory d;
  const auto before = ::umask(0);
  const file_config config{
      .path = d.file("a/b/out"), .create_directory = true, .directory_permissions = "0750"};
  BOOST_TEST(output_file::open(config).has_value());
  ::umask(before);
  for (const auto& made : {d.file("a"), d.file("a/b")})
    BOOST_TEST((fs::status(made).permissions() == static_cast<fs::perms>(0750)));
}

BOOST_AUTO_TEST_SUITE_END()
