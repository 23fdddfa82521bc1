// SPDX-License-Identifier: BSL-1.0
// refused: outlast: keys are compared under a lock, so a key is std::string
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <functional>
#include <string>

struct address {
    std::string host;
    int port = 0;
    bool operator==(const address&) const = default;
};

template <>
struct std::hash<address> {
    std::size_t operator()(const address& a) const { return std::hash<std::string>{}(a.host); }
};

#ifdef OUTLAST_REFUSAL_FIXED
template <>
inline constexpr bool outlast::plain_key<address> = true; // its == calls nothing of ours
#endif

int main() {
    outlast::memory<address, int> store;
    store.erase({"example.com", 80});
    return static_cast<int>(store.size());
}
