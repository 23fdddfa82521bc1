// SPDX-License-Identifier: BSL-1.0
//
// The clients of one API: threads that send the stream on time, whatever becomes of the answers,
// and note each answer.
#pragma once

#include "request_stream.hpp"
#include "token_book.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace rehearsal {

/// One request as its client saw it.
struct observation {
    std::size_t token = 0;
    steady::time_point due; ///< when the stream wanted it sent
    steady::time_point sent;
    steady::time_point answered;
    int status = 0;           ///< 0: no answer
    bool live = false;        ///< it rests on a verdict fetched for this request
    bool retry_after = false; ///< it has that header
};

class clients {
public:
    /// `count` threads, each with a connection of its own. Book and stream must outlive this.
    clients(std::string url,
            const token_book& tokens,
            const request_stream& stream,
            std::size_t count);
    ~clients();

    clients(const clients&) = delete;
    clients& operator=(const clients&) = delete;

    void start(steady::time_point at);
    void stop(); ///< sends nothing more and waits for the answers under way

    /// The observations after the first `seen`, in the order of their answers.
    [[nodiscard]] std::vector<observation> after(std::size_t seen) const;

private:
    void work(const std::stop_token& stopped, steady::time_point start);

    std::string url_;
    const token_book& tokens_;
    const request_stream& stream_;
    std::size_t count_;
    std::atomic<std::size_t> next_{0};
    mutable std::mutex mutex_;
    std::condition_variable_any waiting_;
    std::vector<observation> seen_;
    std::vector<std::jthread> threads_; // last: they use all of the above
};

} // namespace rehearsal
