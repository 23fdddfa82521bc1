// SPDX-License-Identifier: BSL-1.0
#include "clients.hpp"

#include "http_client.hpp"

#include <utility>

namespace rehearsal {

namespace {

constexpr std::chrono::milliseconds patience{10000};

} // namespace

clients::clients(std::string url,
                 const token_book& tokens,
                 const request_stream& stream,
                 std::size_t count)
    : url_{std::move(url)}, tokens_{tokens}, stream_{stream}, count_{count} {}

clients::~clients() { stop(); }

void clients::start(steady::time_point at) {
    for (std::size_t i = 0; i < count_; ++i) {
        threads_.emplace_back([this, at](const std::stop_token& stopped) { work(stopped, at); });
    }
}

void clients::stop() {
    for (std::jthread& thread : threads_) {
        thread.request_stop();
    }
    threads_.clear();
}

std::vector<observation> clients::after(std::size_t seen) const {
    const std::scoped_lock lock{mutex_};
    return {seen_.begin() + static_cast<std::ptrdiff_t>(seen), seen_.end()};
}

void clients::work(const std::stop_token& stopped, steady::time_point start) {
    http_client client;
    for (auto i = next_++; i < stream_.size(); i = next_++) {
        observation seen;
        seen.token = stream_[i].token;
        seen.due = start + stream_[i].at;
        {
            std::unique_lock lock{mutex_};
            waiting_.wait_until(lock, stopped, seen.due, [] { return false; });
        }
        if (stopped.stop_requested()) {
            return;
        }
        seen.sent = steady::now();
        const http_answer answer =
            client.get(url_, "Bearer " + tokens_.value(seen.token), patience);
        seen.answered = steady::now();
        seen.status = answer.status;
        seen.retry_after = answer.header("retry-after") != nullptr;
        const std::string* how = answer.header("answer-rests-on");
        seen.live = how != nullptr && *how == "live";
        const std::scoped_lock lock{mutex_};
        seen_.push_back(seen);
    }
}

} // namespace rehearsal
