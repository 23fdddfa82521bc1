// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of a small scene, until there is no new state: what holds in each of them
// holds whatever happens.
#ifndef OUTLAST_TESTS_SUPPORT_EXPLORE_HPP
#define OUTLAST_TESTS_SUPPORT_EXPLORE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace outlast_tests {

/// What decides the future of a scene, as bytes that can be compared.
class digest {
public:
    /// \param n small: it is kept in two bytes
    digest& add(std::int64_t n) {
        n = std::clamp<std::int64_t>(n, -20'000, 20'000);
        bytes_ += static_cast<char>(n & 0xff);
        bytes_ += static_cast<char>((n >> 8) & 0xff);
        return *this;
    }
    digest& add(const std::string& s) {
        add(static_cast<std::int64_t>(s.size()));
        bytes_ += s;
        return *this;
    }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    std::string bytes_{};
};

/// What an exploration came to.
struct explored {
    std::size_t states = 0;
    std::size_t events = 0;  ///< transitions between them
    std::size_t longest = 0; ///< the most events that a state is away from the beginning
    std::string broken{};    ///< the invariant that does not hold, in a sentence; empty: all do
    std::string how{};       ///< the shortest events that lead there, one a line

    [[nodiscard]] bool holds() const noexcept { return broken.empty(); }
    [[nodiscard]] std::string words() const {
        return std::to_string(states) + " states, " + std::to_string(events) +
               " events between them, at most " + std::to_string(longest) + " deep" +
               (holds() ? "" : "\n" + broken + "\n" + how);
    }
};

/// Breadth first, so that what it finds is found with as few events as possible. A state is reached
/// by playing its events from the beginning (what calls link to each other cannot be copied), and
/// looked at as the last thing: so looking changes nothing that is explored.
///
/// A `Scene` is what `make()` points to. It has
///  - `move`, one event, and `view`, what is seen of a state, with `std::vector<move> moves() const`
///    (what can happen next) and `std::string key() const` (what decides the future; no more)
///  - `void play(move)`, and `view look()`, after which only `promise` is called
///  - `static std::string check(const view& before, move, const view& after)`: what is broken
///  - `std::string promise(move)`: plays on, after the look: what was promised and is not kept
///  - `static std::string words(move)`, `static bool helps(move)`: whether it belongs to a world in
///    which all goes well, and `static bool rests(const view&)`: where such a world ends up, from
///    every state
template <class Scene>
class explorer {
public:
    using move = typename Scene::move;
    using view = typename Scene::view;

    /// \param cap more states than this break the exploration: it did not close
    explicit explorer(std::size_t cap = 4'000) : cap_(cap) {}

    template <class Make>
    explored operator()(Make&& make) {
        return (*this)(make, [] { return static_cast<Scene*>(nullptr); });
    }

    /// \param make_twin of a scene that is told the same in another way and must be seen to be in
    ///        the same state, each time
    template <class Make, class MakeTwin>
    explored operator()(Make&& make, MakeTwin&& make_twin) {
        {
            auto first = make();
            (void)meet(-1, {}, first->look());
        }
        for (std::size_t i = 0; i != nodes_.size() && result_.holds(); ++i)
            for (const move& m : nodes_[i].seen.moves()) {
                const auto path = path_to(static_cast<int>(i));
                auto scene = make();
                for (const move& before : path)
                    scene->play(before);
                scene->play(m);
                view seen = scene->look();
                std::string broken = Scene::check(nodes_[i].seen, m, seen);
                if (broken.empty())
                    broken = scene->promise(m);
                if (broken.empty())
                    if (auto twin = make_twin()) {
                        for (const move& before : path)
                            twin->play(before);
                        twin->play(m);
                        if (twin->look().key() != seen.key())
                            broken = "told in another way, it is the same";
                    }
                const int to = meet(static_cast<int>(i), m, std::move(seen));
                edges_.push_back({static_cast<int>(i), to, Scene::helps(m)});
                if (broken.empty() && nodes_.size() > cap_)
                    broken = "there is an end to the states";
                if (!broken.empty()) {
                    say(broken, static_cast<int>(i), &m);
                    break;
                }
            }
        if (result_.holds())
            look_for_dead_ends();
        result_.states = nodes_.size();
        result_.events = edges_.size();
        result_.longest = path_to(static_cast<int>(nodes_.size()) - 1).size();
        return result_;
    }

    /// The keys of all states.
    [[nodiscard]] std::set<std::string> keys() const {
        std::set<std::string> all;
        for (const auto& [key, _] : index_)
            all.insert(key);
        return all;
    }

private:
    struct node {
        int from;
        move by;
        view seen;
    };
    struct edge {
        int from;
        int to;
        bool helps;
    };

    int meet(int from, const move& by, view&& seen) {
        const auto [at, is_new] = index_.emplace(seen.key(), static_cast<int>(nodes_.size()));
        if (is_new)
            nodes_.push_back({from, by, std::move(seen)});
        return at->second;
    }

    [[nodiscard]] std::vector<move> path_to(int n) const {
        std::vector<move> path;
        for (; nodes_[static_cast<std::size_t>(n)].from >= 0;
             n = nodes_[static_cast<std::size_t>(n)].from)
            path.push_back(nodes_[static_cast<std::size_t>(n)].by);
        std::reverse(path.begin(), path.end());
        return path;
    }

    void say(const std::string& broken, int at, const move* last) {
        result_.broken = broken;
        auto path = path_to(at);
        if (last != nullptr)
            path.push_back(*last);
        for (const move& m : path)
            result_.how += "    " + Scene::words(m) + "\n";
    }

    // Backwards from where a world in which all goes well ends up.
    void look_for_dead_ends() {
        std::vector<std::vector<int>> back(nodes_.size());
        for (const edge& e : edges_)
            if (e.helps)
                back[static_cast<std::size_t>(e.to)].push_back(e.from);
        std::vector<char> fine(nodes_.size(), 0);
        std::vector<int> todo;
        for (std::size_t i = 0; i != nodes_.size(); ++i)
            if (Scene::rests(nodes_[i].seen)) {
                fine[i] = 1;
                todo.push_back(static_cast<int>(i));
            }
        while (!todo.empty()) {
            const int n = todo.back();
            todo.pop_back();
            for (const int b : back[static_cast<std::size_t>(n)])
                if (fine[static_cast<std::size_t>(b)] == 0) {
                    fine[static_cast<std::size_t>(b)] = 1;
                    todo.push_back(b);
                }
        }
        for (std::size_t i = 0; i != nodes_.size(); ++i)
            if (fine[i] == 0)
                return say("rest can be reached from every state", static_cast<int>(i), nullptr);
    }

    std::size_t cap_;
    std::vector<node> nodes_{};
    std::vector<edge> edges_{};
    std::unordered_map<std::string, int> index_{};
    explored result_{};
};

} // namespace outlast_tests

#endif
