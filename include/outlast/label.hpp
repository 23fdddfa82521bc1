// SPDX-License-Identifier: BSL-1.0
//
// A name that costs two words, is never freed and can therefore travel in any failure.
#ifndef OUTLAST_LABEL_HPP
#define OUTLAST_LABEL_HPP

#include <atomic>
#include <cstddef>
#include <string_view>

namespace outlast {

/// The name of a policy or of what it guards, as it stands in failures and reports.
///
/// A label made from a string literal refers to it. One made at run time comes from `intern`, which
/// keeps its text until the program ends: a failure may outlive the policy that made it, and must
/// not own memory.
class label {
public:
    constexpr label() noexcept = default;

    template <std::size_t N>
    consteval label(const char (&literal)[N]) noexcept : text_(literal, N - 1) {}

    /// From a text that lives until the program ends, which the caller vouches for.
    [[nodiscard]] static constexpr label of_static(std::string_view text) noexcept {
        return label{text};
    }

    /// The label with this text, made on its first use. Thread-safe and lock-free; linear in the
    /// number of names, each of which lives until the program ends: for configuration, not for
    /// what a request brings along.
    [[nodiscard]] static label intern(std::string_view text) {
        struct node {
            std::string_view text;
            node* next;
        };
        static std::atomic<node*> names{nullptr};
        node* head = names.load(std::memory_order_acquire);
        node* seen = nullptr; // all from here on have been compared
        node* fresh = nullptr;
        for (;;) {
            for (node* n = head; n != seen; n = n->next)
                if (n->text == text) {
                    if (fresh != nullptr) {
                        delete[] fresh->text.data();
                        delete fresh;
                    }
                    return label{n->text};
                }
            seen = head;
            if (fresh == nullptr) {
                auto* copy = new char[text.size() + 1]();
                text.copy(copy, text.size());
                fresh = new node{{copy, text.size()}, nullptr};
            }
            fresh->next = head;
            if (names.compare_exchange_weak(head, fresh, std::memory_order_acq_rel,
                                            std::memory_order_acquire))
                return label{fresh->text};
        }
    }

    [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return text_.empty(); }

    friend constexpr bool operator==(label, label) noexcept = default;

private:
    constexpr explicit label(std::string_view text) noexcept : text_(text) {}

    std::string_view text_;
};

} // namespace outlast

#endif // OUTLAST_LABEL_HPP
