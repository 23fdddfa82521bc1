// SPDX-License-Identifier: BSL-1.0
//
// What a fuzzer is given, taken apart; and what must hold of it.
#ifndef OUTLAST_TESTS_FUZZ_SUPPORT_INPUT_HPP
#define OUTLAST_TESTS_FUZZ_SUPPORT_INPUT_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace outlast_fuzz {

/// Whatever comes in, this is so: else the input is reported.
inline void holds(bool so, const std::source_location& where = std::source_location::current()) {
    if (so)
        return;
    std::fprintf(stderr, "%s:%u: this does not hold\n", where.file_name(),
                 static_cast<unsigned>(where.line()));
    std::abort();
}

/// Lines first, then what is left: so that seeds can be read and written by hand.
class input {
public:
    input(const std::uint8_t* data, std::size_t size) noexcept
        : left_(reinterpret_cast<const char*>(data), size) {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
    [[nodiscard]] std::string_view line() noexcept {
        const std::size_t end = std::min(left_.find('\n'), left_.size());
        const std::string_view text = left_.substr(0, end);
        left_.remove_prefix(std::min(end + 1, left_.size()));
        return text;
    }
    /// The number that a line is; 0 if it is none.
    [[nodiscard]] int number() noexcept {
        const std::string_view text = line();
        int value = 0;
        (void)std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }
    [[nodiscard]] std::string_view rest() const noexcept { return left_; }

private:
    std::string_view left_;
};

} // namespace outlast_fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

#endif // OUTLAST_TESTS_FUZZ_SUPPORT_INPUT_HPP
