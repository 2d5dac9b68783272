// Writes a storage directory whose log holds a day of data, or as much as is asked for, under
// receive times of its own: what a node would have after that day.

#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "codec/traces_block.hpp"
#include "core/clock.hpp"
#include "otlp/wire.hpp"
#include "storage/store.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <random>

namespace {

using namespace weir;

struct settings {
  std::string directory;
  std::string pipeline = "traces";
  std::string exporter = "otlp";
  double hours = 24;
  double blocks_a_second = 5;
  unsigned spans_a_block = 50;
};

void put(std::string& out, std::uint32_t number, std::string_view body) {
  otlp::wire::append_tag(out, number, otlp::wire::type::bytes);
  otlp::wire::append_varint(out, body.size());
  out += body;
}

void put_fixed(std::string& out, std::uint32_t number, std::uint64_t value) {
  otlp::wire::append_tag(out, number, otlp::wire::type::fixed64);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string text_attribute(std::string_view key, std::string_view text) {
  std::string value, attribute;
  put(value, 1, text);
  put(attribute, 1, key);
  put(attribute, 2, value);
  return attribute;
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes)
    byte = static_cast<char>(random() | 1);
  return bytes;
}

// Traces of ten spans each, of a made-up shop.
class block_maker {
public:
  std::string make(pipeline_id pipeline, unsigned spans, unix_ns time) {
    std::string resource, envelope;
    put(resource, 1, text_attribute("service.name", "checkout"));
    put(envelope, 1, resource);
    const auto in = builder_.resource(envelope);
    const auto scope = builder_.scope("");
    std::string trace;
    for (unsigned i = 0; i < spans; ++i) {
      if (i % 10 == 0)
        trace = random_bytes(random_, 16);
      std::string span;
      put(span, 1, trace);
      put(span, 2, random_bytes(random_, 8));
      put(span, 5, names_[random_() % names_.size()]);
      put_fixed(span, 7, time - random_() % second_ns);
      put_fixed(span, 8, time);
      put(span, 9, text_attribute("http.route", names_[random_() % names_.size()]));
      builder_.span(in, scope, span);
    }
    codec::block_header header{.pipeline = pipeline,
                               .layout = codec::block_layout::traces,
                               .items = spans,
                               .traces = static_cast<std::uint32_t>(builder_.traces()),
                               .first_time = time - second_ns,
                               .last_time = time};
    std::string body, packed, bytes;
    builder_.finish(body);
    header.unpacked_bytes = static_cast<std::uint32_t>(body.size());
    packer_.pack(header.codec, 1, body, packed);
    header.packed_bytes = static_cast<std::uint32_t>(packed.size());
    codec::write_block(header, packed, bytes);
    return bytes;
  }

private:
  std::mt19937_64 random_{1};
  codec::traces_block_builder builder_;
  codec::packer packer_;
  std::vector<std::string> names_ = {"/cart", "/checkout", "/product", "/pay", "/ship"};
};

result<void> write(const settings& wanted) {
  storage::options options;
  options.directory = wanted.directory;
  options.max_bytes = 64ULL << 30;
  auto opened = storage::store::open(options);
  if (!opened)
    return tl::unexpected(opened.error());
  auto& store = **opened;
  const auto pipeline = store.pipeline(wanted.pipeline);
  if (!pipeline)
    return tl::unexpected(pipeline.error());
  if (auto made = store.open_log(*pipeline); !made)
    return made;
  block_maker maker;
  const auto blocks = static_cast<log_position>(wanted.hours * 3600 * wanted.blocks_a_second);
  const auto interval = static_cast<unix_ns>(second_ns / wanted.blocks_a_second);
  const auto first = unix_now() - blocks * interval;
  storage::batch batch;
  for (log_position position = 0; position < blocks; ++position) {
    const auto time = first + position * interval;
    batch.append_block(*pipeline, position, time,
                       maker.make(*pipeline, wanted.spans_a_block, time));
    while (batch.bytes() > 4 << 20 || (position + 1 == blocks && !batch.empty())) {
      const auto done = store.commit(std::move(batch), position + 1 == blocks);
      if (!done && done.error().code != errc::unavailable)
        return done;
    }
    if (position % (blocks / 20 + 1) == 0)
      store.maintain();
  }
  // All of it is delivered.
  batch.put_cursor(wanted.exporter, *pipeline, {blocks, 0});
  if (auto done = store.commit(std::move(batch), true); !done)
    return done;
  store.maintain();
  fmt::print("{} blocks with {} spans, {} h\n", blocks, blocks * wanted.spans_a_block,
             wanted.hours);
  return {};
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a storage directory with a day of data in a log");
  settings wanted;
  app.add_option("--directory", wanted.directory, "As storage.directory")->required();
  app.add_option("--pipeline", wanted.pipeline, "Its pipeline")->capture_default_str();
  app.add_option("--exporter", wanted.exporter, "To whom all of it is delivered")
      ->capture_default_str();
  app.add_option("--hours", wanted.hours, "Until now")->capture_default_str();
  app.add_option("--blocks-a-second", wanted.blocks_a_second, "5 are what a busy pipeline has")
      ->capture_default_str();
  app.add_option("--spans-a-block", wanted.spans_a_block, "In traces of ten")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto done = write(wanted); !done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  return 0;
}
