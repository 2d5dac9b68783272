#include "stages/edit_queue.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

edit_job_ptr job(std::string name) {
  auto made = std::make_unique<edit_job>();
  made->request.body = std::move(name);
  return made;
}

std::string next(edit_queue& uut) {
  const auto got = uut.next();
  return got ? got->request.body : "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(edit_queue_test)

// Scenario: three workers; slow requests and quick ones wait. Guarantee: quick ones go first, slow ones are with
// two workers at the most, so that one is always there for the others.
BOOST_AUTO_TEST_CASE(one_worker_is_left_for_quick_ones) {
  edit_queue uut(3, 10);
  for (const auto* name : {"s1", "s2", "s3"})
    BOOST_TEST(uut.put_back(job(name)) == nullptr);
  uut.add(job("q1"));
  BOOST_TEST(uut.waiting() == 4U);
  BOOST_TEST(next(uut) == "q1");
  BOOST_TEST(next(uut) == "s1");
  BOOST_TEST(next(uut) == "s2");
  BOOST_TEST(next(uut) == "none");
  uut.add(job("q2"));
  BOOST_TEST(next(uut) == "q2");
  uut.end_slow();
  BOOST_TEST(next(uut) == "s3");
  BOOST_TEST(next(uut) == "none");
}

// Scenario: more slow requests than may wait. Guarantee: what is too many comes back; the rest waits.
BOOST_AUTO_TEST_CASE(few_slow_ones_wait) {
  edit_queue uut(2, 1);
  BOOST_TEST(uut.put_back(job("s1")) == nullptr);
  const auto back = uut.put_back(job("s2"));
  BOOST_REQUIRE(back);
  BOOST_TEST(back->request.body == "s2");
  BOOST_TEST(!back->slow);
  uut.add(job("q"));
  const auto all = uut.take_all();
  BOOST_TEST(all.size() == 2U);
  BOOST_TEST(uut.waiting() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
