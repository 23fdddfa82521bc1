// SPDX-License-Identifier: BSL-1.0
//
// A string that must not be seen.
#ifndef OUTLAST_OAUTH2_SECRET_HPP
#define OUTLAST_OAUTH2_SECRET_HPP

#include <cstddef>
#include <cstring> // std::memset, std::memcpy
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility> // std::exchange

namespace outlast::oauth2 {

namespace detail {

// Called through a volatile pointer, std::memset is a call whose effect the compiler cannot know,
// so it cannot drop the last write to memory that is about to be freed.
inline void* (*volatile const memset_not_elided)(void*, int, std::size_t) = std::memset;

/// Overwrites `size` bytes at `data` with zeros, even if nothing reads them again.
inline void wipe(void* data, std::size_t size) noexcept {
    if (size != 0)
        memset_not_elided(data, 0, size);
}

/// Empties `text` and overwrites all it owns, the bytes beyond its size too: a moved-from or
/// shortened string keeps its old characters there.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity()); // never more than it has: no allocation, no exception
    wipe(text.data(), text.size());
    text.clear();
}

/// Wipes a string when the scope is left, however it is left.
class wiped_on_exit {
public:
    explicit wiped_on_exit(std::string& text) noexcept : text_{text} {}
    ~wiped_on_exit() { wipe(text_); }
    wiped_on_exit(wiped_on_exit const&) = delete;
    wiped_on_exit& operator=(wiped_on_exit const&) = delete;

private:
    std::string& text_;
};

} // namespace detail

/// A secret: a client password, the resource server's own token, a signed assertion.
///
/// It is written to a stream as `[redacted]`, converts to nothing, and overwrites its bytes before
/// it lets go of them. It owns exactly one buffer on the heap, which a move hands over: no copy of
/// the characters stays behind in a small-string buffer or after a growth. It is not copyable, so
/// that each further copy is spelt out by `clone()`.
///
/// What it cannot do: wipe the string it was made from (see `take`), or keep the operating system
/// from paging or dumping its memory.
///
/// Sharing: like std::string. Cost: one allocation at construction.
class secret {
public:
    secret() noexcept = default;

    /// Copies `text`, which stays the caller's to wipe. \throws std::bad_alloc
    explicit secret(std::string_view text)
        : bytes_{text.empty() ? nullptr : std::make_unique<char[]>(text.size())},
          size_{text.size()} {
        if (size_ != 0)
            std::memcpy(bytes_.get(), text.data(), size_);
    }

    /// Copies `text`, then wipes and empties it. \throws std::bad_alloc, and then `text` is as it
    /// was
    [[nodiscard]] static secret take(std::string& text) {
        secret made{std::string_view{text}};
        detail::wipe(text);
        return made;
    }

    secret(secret&& other) noexcept
        : bytes_{std::move(other.bytes_)}, size_{std::exchange(other.size_, 0)} {}

    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            detail::wipe(bytes_.get(), size_);
            bytes_ = std::move(other.bytes_);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }

    ~secret() { detail::wipe(bytes_.get(), size_); }

    /// A second secret with the same bytes. \throws std::bad_alloc
    [[nodiscard]] secret clone() const { return secret{expose()}; }

    /// The characters. Whoever calls this answers for where they go; the view dies with the secret.
    [[nodiscard]] std::string_view expose() const noexcept { return {bytes_.get(), size_}; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Equality in a time that depends on the sizes only, not on where the bytes differ. That the
    /// sizes differ is not hidden.
    [[nodiscard]] friend bool operator==(secret const& a, secret const& b) noexcept {
        if (a.size_ != b.size_)
            return false;
        volatile unsigned char difference = 0; // volatile: no early exit by an optimiser
        for (std::size_t i = 0; i != a.size_; ++i) {
            const auto one = static_cast<unsigned char>(a.bytes_[i] ^ b.bytes_[i]);
            difference = static_cast<unsigned char>(difference | one);
        }
        return difference == 0;
    }

    /// Writes `[redacted]`, also for an empty secret: that it is empty is nobody's business either.
    friend std::ostream& operator<<(std::ostream& out, secret const&) {
        return out << "[redacted]";
    }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_SECRET_HPP
