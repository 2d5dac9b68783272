#include "core/metrics.hpp"
#include "tests/support/source_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

BOOST_AUTO_TEST_SUITE(metrics_test)

using namespace weir;

// Scenario: docs/metrics.md beside the table. Guarantee: it is what the table says.
BOOST_AUTO_TEST_CASE(the_page_is_up_to_date) {
  std::ifstream file(std::string(test::source_dir()) + "/docs/metrics.md");
  std::stringstream page;
  page << file.rdbuf();
  BOOST_TEST((page.str() == metrics::reference()),
             "docs/metrics.md: write it again by weir print-config --metrics > docs/metrics.md");
}

// Scenario: instruments are looked up. Guarantee: they are on the page from then on, a counter with
// 0; the same labels give the same instrument.
BOOST_AUTO_TEST_CASE(what_was_looked_up_is_shown) {
  auto& counter = metrics::storage_commits.with();
  BOOST_TEST(metrics::render().find("weir_storage_commits_total 0") != std::string::npos);
  counter.Increment(2);
  BOOST_TEST(&metrics::storage_commits.with() == &counter);
  BOOST_TEST(metrics::render().find("weir_storage_commits_total 2") != std::string::npos);
  metrics::storage_fsync_seconds.with().Observe(0.004);
  BOOST_TEST(metrics::render().find("weir_storage_fsync_seconds_bucket{le=\"0.005\"} 1")
             != std::string::npos);
}

// Scenario: a metric that counts items of each signal. Guarantee: each signal has the Collector's
// name.
BOOST_AUTO_TEST_CASE(signals_have_the_collectors_names) {
  BOOST_TEST(metrics::exporter_sent.of(signal::traces).name
             == std::string("otelcol_exporter_sent_spans"));
  BOOST_TEST(metrics::exporter_sent.of(signal::metrics).name
             == std::string("otelcol_exporter_sent_metric_points"));
  BOOST_TEST(metrics::exporter_sent.of(signal::logs).name
             == std::string("otelcol_exporter_sent_log_records"));
}

BOOST_AUTO_TEST_SUITE_END()
