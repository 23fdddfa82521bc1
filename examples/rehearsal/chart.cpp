// SPDX-License-Identifier: BSL-1.0
#include "page.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rehearsal {

namespace {

using seconds = std::chrono::duration<double>;

// The drawing, in its own units: two strips under the bars, all on one axis of time.
constexpr double width = 480;
constexpr double left_edge = 34;
constexpr double right_edge = width - 10;
constexpr double labels = 16;
constexpr double bars_top = 42;
constexpr double bars_bottom = 200;
constexpr double calls_top = 224;
constexpr double calls_bottom = 264;
constexpr double breaker_top = 288;
constexpr double breaker_bottom = 302;
constexpr double height = 326;

struct layer {
    const char* css;
    std::size_t bar::* count;
};

constexpr std::array<layer, 6> layers{{{"served", &bar::served},
                                       {"lenient", &bar::served_wrongly},
                                       {"denied", &bar::denied},
                                       {"wrong", &bar::denied_wrongly},
                                       {"away", &bar::unavailable},
                                       {"other", &bar::other}}};

std::string rect(const std::string& css, double x, double y, double w, double h) {
    return "<rect class=\"" + css + "\" x=\"" + text(x, 2) + "\" y=\"" + text(y, 2) +
           "\" width=\"" + text(w, 2) + "\" height=\"" + text(h, 2) + "\"/>";
}

std::string words(const std::string& css, double x, double y, const std::string& what) {
    return "<text class=\"" + css + "\" x=\"" + text(x, 1) + "\" y=\"" + text(y, 1) + "\">" +
           escaped(what) + "</text>";
}

class drawing {
public:
    drawing(const record& happened, const figures& counted, std::size_t side)
        : happened_{happened},
          counted_{counted},
          side_{side},
          scale_{(right_edge - left_edge) / std::max(counted.seconds, 1.0)} {}

    std::string made() {
        out_ = "<svg viewBox=\"0 0 " + text(width, 0) + ' ' + text(height, 0) +
               "\" role=\"img\" aria-label=\"Answers of the " + side_names[side_] +
               " API, second by second\">";
        phases();
        bars();
        calls();
        breaker();
        axis();
        return out_ + "</svg>";
    }

private:
    [[nodiscard]] double at(double second) const { return left_edge + second * scale_; }

    void phases() {
        bool upper = true;
        for (const scene& s : happened_.scenes) {
            const double begin = at(seconds{s.begin - happened_.begin}.count());
            const double end = at(seconds{s.end - happened_.begin}.count());
            if (s.outage) {
                out_ +=
                    rect("outage", begin, labels + 16, end - begin, breaker_bottom - labels - 16);
            }
            if (s.phase) {
                out_ += words(s.outage ? "phase bad" : "phase", (begin + end) / 2,
                              labels + (upper ? 0.0 : 12.0), s.name);
                upper = !upper;
            }
        }
    }

    void bars() {
        std::size_t most = 1;
        for (const auto& side : counted_.bars) { // both on the same scale
            for (const bar& second : side) {
                std::size_t sum = 0;
                for (const layer& l : layers) {
                    sum += second.*l.count;
                }
                most = std::max(most, sum);
            }
        }
        const double unit = (bars_bottom - bars_top) / static_cast<double>(most);
        out_ += words("scale", left_edge - 4, bars_top + 8, text(most));
        out_ += words("scale", left_edge - 4, bars_bottom, "0");
        for (std::size_t second = 0; second < counted_.bars[side_].size(); ++second) {
            double top = bars_bottom;
            for (const layer& l : layers) {
                const auto count = counted_.bars[side_][second].*l.count;
                if (count > 0) {
                    const double tall = static_cast<double>(count) * unit;
                    top -= tall;
                    column(l.css, second, top, tall);
                }
            }
        }
        out_ += rect("line", left_edge, bars_bottom, right_edge - left_edge, 0.75);
    }

    void calls() {
        std::uint64_t most = 1;
        for (const auto& side : counted_.call_bars) {
            for (const std::uint64_t count : side) {
                most = std::max(most, count);
            }
        }
        out_ += words("strip", left_edge, calls_top - 6, "calls to the authorization server");
        out_ += words("scale", left_edge - 4, calls_top + 8, text(most));
        out_ += words("scale", left_edge - 4, calls_bottom, "0");
        for (std::size_t second = 0; second < counted_.call_bars[side_].size(); ++second) {
            const double tall = static_cast<double>(counted_.call_bars[side_][second]) /
                                static_cast<double>(most) * (calls_bottom - calls_top);
            column("calls", second, calls_bottom - tall, tall);
        }
        out_ += rect("line", left_edge, calls_bottom, right_edge - left_edge, 0.75);
    }

    void breaker() {
        if (side_ == bare_side) {
            out_ += words("strip", left_edge, breaker_top - 6, "circuit breaker: it has none");
            return;
        }
        out_ += words("strip", left_edge, breaker_top - 6, "circuit breaker");
        for (std::size_t second = 0; second < happened_.moments.size(); ++second) {
            const std::string& state = happened_.moments[second].breaker;
            const std::string css = state == "closed" ? "closed"
                                    : state == "open" ? "open"
                                                      : "half";
            out_ += rect(css, at(static_cast<double>(second)), breaker_top, scale_ + 0.05,
                         breaker_bottom - breaker_top);
        }
    }

    void axis() {
        const double step = counted_.seconds > 200 ? 60 : counted_.seconds > 45 ? 15 : 5;
        for (double second = 0; second <= counted_.seconds; second += step) {
            out_ += words("tick", at(second), breaker_bottom + 16,
                          text(second, 0) + (second == 0 ? " s" : ""));
        }
    }

    void column(const char* css, std::size_t second, double top, double tall) {
        const double gap = std::min(1.0, scale_ * 0.15);
        out_ += rect(css, at(static_cast<double>(second)) + gap / 2, top, scale_ - gap, tall);
    }

    const record& happened_;
    const figures& counted_;
    std::size_t side_;
    double scale_;
    std::string out_;
};

} // namespace

std::string chart(const record& happened, const figures& counted, std::size_t side) {
    return drawing{happened, counted, side}.made();
}

} // namespace rehearsal
