// SPDX-License-Identifier: BSL-1.0
//
// A name that costs one word, is never freed and can therefore travel in any failure.
#ifndef OUTLAST_LABEL_HPP
#define OUTLAST_LABEL_HPP

#include <atomic>
#include <cstddef>
#include <string_view>
#include <type_traits> // std::is_constant_evaluated

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
    consteval label(const char (&literal)[N]) noexcept : text_(literal) {
        for (std::size_t i = 0; i != N; ++i)
            if ((literal[i] == 0) != (i + 1 == N))
                refused("outlast::label: a literal that ends with a zero and has no other");
    }

    /// From a text that ends with a zero and lives until the program ends, both of which the caller
    /// vouches for.
    [[nodiscard]] static constexpr label of_static(const char* text) noexcept {
        label made;
        made.text_ = text;
        return made;
    }

    /// The label with this text, up to its first zero, made on its first use. Thread-safe and lock-free; linear in the
    /// number of names, each of which lives until the program ends: for configuration, not for
    /// what a request brings along.
    [[nodiscard]] static label intern(std::string_view text) {
        text = text.substr(0, text.find('\0'));
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
                    return of_static(n->text.data());
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
                return of_static(fresh->text.data());
        }
    }

    [[nodiscard]] constexpr std::string_view view() const noexcept {
        return text_ == nullptr ? std::string_view{} : std::string_view{text_};
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return text_ == nullptr || *text_ == 0; }

    friend constexpr bool operator==(label a, label b) noexcept {
        // Where two literals lie is no constant.
        return (!std::is_constant_evaluated() && a.text_ == b.text_) || a.view() == b.view();
    }

private:
    static void refused(const char*) noexcept {} // no constant: what the compiler then quotes

    const char* text_ = nullptr;
};

} // namespace outlast

#endif // OUTLAST_LABEL_HPP
