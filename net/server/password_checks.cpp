#include "net/server/password_checks.hpp"

#include <algorithm>
#include <ctime>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir::net {

namespace {

constexpr std::size_t remembered = 1024;
constexpr std::size_t most_jobs = 64;
constexpr std::size_t most_waiting_for_one = 256;
constexpr steady_ns time_at_once = 5 * second_ns;
constexpr double share_of_a_core = 0.5;
constexpr int niceness = 10;

steady_ns cpu_time_of_thread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

} // namespace

bool time_allowance::any(steady_ns now) noexcept {
  if (last_ != 0)
    left_ = std::min(at_once_,
                     left_ + static_cast<steady_ns>(static_cast<double>(now - last_) * share_));
  last_ = now;
  return left_ > 0;
}

password_checks::password_checks(check slow)
    : slow_(std::move(slow)), allowance_(time_at_once, share_of_a_core) {
  RAND_bytes(secret_.data(), static_cast<int>(secret_.size()));
  thread_ = std::thread([this] { run(); });
}

password_checks::~password_checks() {
  {
    const std::lock_guard guard(mutex_);
    over_ = true;
  }
  came_.notify_one();
  thread_.join();
}

password_checks::digest password_checks::digest_of(std::string_view credentials) const {
  std::string keyed(secret_.begin(), secret_.end());
  keyed += credentials;
  digest made;
  SHA256(reinterpret_cast<const unsigned char*>(keyed.data()), keyed.size(), made.data());
  return made;
}

std::optional<bool> password_checks::look(std::string_view credentials) const {
  const auto key = digest_of(credentials);
  const std::lock_guard guard(mutex_);
  if (right_.contains(key))
    return true;
  if (wrong_.contains(key))
    return false;
  return {};
}

bool password_checks::add(std::string_view credentials, handler done) {
  const auto key = digest_of(credentials);
  const std::lock_guard guard(mutex_);
  if (const auto it = waiting_.find(key); it != waiting_.end()) {
    if (it->second.size() >= most_waiting_for_one)
      return false;
    it->second.push_back(std::move(done));
    return true;
  }
  if (jobs_.size() >= most_jobs || !allowance_.any(steady_now()))
    return false;
  jobs_.push_back({key, std::string(credentials)});
  waiting_[key].push_back(std::move(done));
  came_.notify_one();
  return true;
}

void password_checks::remember(const digest& key, bool right) {
  auto& known = right ? right_ : wrong_;
  if (known.size() >= remembered)
    known.clear();
  known.insert(key);
}

void password_checks::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [&] { return over_ || !jobs_.empty(); });
    if (over_)
      return;
    const auto next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const auto before = cpu_time_of_thread();
    const bool right = slow_(next.credentials);
    const auto spent = cpu_time_of_thread() - before;
    lock.lock();
    allowance_.spend(spent);
    remember(next.key, right);
    const auto handlers = std::move(waiting_.extract(next.key).mapped());
    lock.unlock();
    for (const auto& tell : handlers)
      tell(right);
    lock.lock();
  }
}

} // namespace weir::net
