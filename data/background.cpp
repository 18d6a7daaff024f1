#include "data/background.hpp"

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <system_error>
#include <utility>

namespace xgrad::data {

namespace {

/// Threads that are started meanwhile leave signals to the others.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Background::~Background() {
  try {
    wait();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xgrad: %s\n", error.what());
  } catch (...) {
  }
}

void Background::start(std::function<void()> work) {
  wait();
  done_ = false;
  auto guarded = [this, work = std::move(work)] {
    try {
      work();
    } catch (...) {
      error_ = std::current_exception();
    }
    done_.store(true, std::memory_order_release);
  };
  try {
    const NoSignals quiet;
    thread_ = std::thread(guarded);
  } catch (const std::system_error&) {
    guarded();
  }
}

void Background::wait() {
  if (thread_.joinable()) thread_.join();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

bool Background::poll() {
  if (!done_.load(std::memory_order_acquire)) return false;
  wait();
  return true;
}

}  // namespace xgrad::data
