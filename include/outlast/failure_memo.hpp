// SPDX-License-Identifier: BSL-1.0
//
// What has just failed fails at once, for any number of threads.
#ifndef OUTLAST_FAILURE_MEMO_HPP
#define OUTLAST_FAILURE_MEMO_HPP

#include <outlast/basic_failure_memo.hpp>
#include <outlast/threads.hpp>

#include <string>
#include <utility>

namespace outlast {

/// `basic_failure_memo` for any number of threads, with keys of type `std::string` unless said otherwise.
template <class KeyOf, class Key = std::string>
class failure_memo : public basic_failure_memo<thread_lock, Key, KeyOf> {
public:
    explicit failure_memo(KeyOf key_of, const failure_memo_options& options = {})
        : basic_failure_memo<thread_lock, Key, KeyOf>(std::move(key_of), options) {}
};

} // namespace outlast

#endif // OUTLAST_FAILURE_MEMO_HPP
