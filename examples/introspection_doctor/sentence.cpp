// SPDX-License-Identifier: BSL-1.0
#include "sentence.hpp"

#include "condition.hpp"

#include <cstdio>
#include <string_view>

namespace doctor {

namespace {

using outlast::http::errc;
using outlast::oauth2::reason;

constexpr const char* too_slow = ": it hangs, has too much to do, or a firewall drops what "
                                 "comes back: look at its load, its log and the way to it";

class writer {
public:
    writer(const sight& s, const examination& e, const asker& who)
        : s_(s), e_(e), who_(who), host_(e.target.host), server_(place()), url_(e.url) {}

    std::string operator()(std::monostate) const { return "Nothing is wrong"; }

    std::string operator()(errc why) const {
        switch (why) {
        case errc::name_not_found:
            return "There is no host " + host_ +
                   ": correct the name in the URL, or put it back into DNS";
        case errc::name_lookup_failed:
            return "The name service can't say where " + host_ +
                   " is: look at the name servers of this machine (/etc/resolv.conf)";
        case errc::name_lookup_timeout:
            return "The name service doesn't say within " + in_time() + " where " + host_ +
                   " is: look at the name servers of this machine (/etc/resolv.conf)";
        case errc::connection_refused:
            return "Nothing listens on port " + std::to_string(e_.target.port) + " of " + server_ +
                   ": start the authorization server, or correct the port in the URL";
        case errc::unreachable:
            return "There is no way from this machine to " + server_ +
                   ": look at routes and firewalls, and at the address in DNS";
        case errc::connect_timeout:
            return server_ + " doesn't accept a connection to port " +
                   std::to_string(e_.target.port) + " within " + in_time() +
                   ": look whether the machine is up, and for a firewall that drops packets";
        case errc::tls_timeout:
            return server_ + " accepts connections and is silent in the TLS handshake for " +
                   in_time() + too_slow;
        case errc::tls_failed:
            return server_ + " doesn't complete a TLS handshake: look whether port " +
                   std::to_string(e_.target.port) + " speaks TLS 1.2 or later (and not plain http)";
        case errc::certificate_expired:
            return out_of_time();
        case errc::certificate_wrong_host:
            return "The certificate that " + server_ + " shows is for " + hosts() + ", not for " +
                   host_ + ": correct the name in the URL, or the certificate on the server";
        case errc::certificate_untrusted:
            return untrusted();
        case errc::answer_timeout:
            return server_ + " takes requests and doesn't answer within " + in_time() + too_slow;
        case errc::connection_reset:
        case errc::closed_early:
            return server_ + " ends the connection before it has answered: look into its log, and "
                             "at what stands "
                             "before it";
        case errc::tls_broken:
            return server_ + " ends TLS after the handshake: it wants a client's certificate, or "
                             "refuses ours";
        case errc::malformed:
            return "What answers at " + server_ + " is not HTTP: correct host and port in the URL";
        case errc::too_large:
            return "The answer from " + url_ + " is far too large for " + what() +
                   ": correct the URL";
        case errc::local_resources:
            return "This machine has run out of file descriptors or ports: look at its limits "
                   "(ulimit -n)";
        default:
            return "No request can be sent to " + url_ + ": " + outlast::http::describe(why);
        }
    }

    std::string operator()(reason why) const {
        switch (why) {
        case reason::client_refused:
            if (!who_.has_credentials)
                return "The server wants to know who asks (401 from " + url_ +
                       "): give the doctor a client id and its secret";
            return "The server refuses our own credentials (401 from " + url_ + "): look whether " +
                   client() + " still exists there and " + whether_known();
        case reason::forbidden:
            return "The server doesn't let " + client() + " introspect (403 from " + url_ +
                   "): give it that right on the server, look " + whether_known() +
                   ", and whether a firewall in front of the server refuses this address";
        case reason::method_refused:
            return "Requests of this kind are not taken at " + url_ + " (" + status() +
                   "): correct the path, or look whether a firewall in front of the server refuses "
                   "them";
        case reason::not_found:
            return "There is no " + what() + " at " + url_ + " (" + status() +
                   "): correct the path" + (s_.what == step::discovery ? " of the issuer" : "");
        case reason::request_timeout:
        case reason::too_many_requests:
            return host_ + " has too much to do (" + status() + wait() +
                   "): ask it less often, or give it more room";
        case reason::server_error:
            return host_ + " is there and ails (" + status() +
                   "): look into the log of the authorization server";
        case reason::server_unavailable:
            return "The authorization server behind " + host_ + " is away or overloaded (" +
                   status() + wait() + "): look whether it runs and reaches its database";
        case reason::redirect:
            return url_ + " leads elsewhere (" + status() +
                   (s_.location.empty() ? "" : " to " + s_.location) +
                   "), and tokens don't go after it: put the final URL into the configuration";
        case reason::not_json:
            return url_ + " answers with " +
                   (s_.content_type.empty() ? "something of no type" : s_.content_type) +
                   " instead of JSON, as a login page or a proxy does: correct the URL";
        case reason::no_credentials:
            return "Our own credentials can't be sent: the bearer token has other characters than "
                   "a token may have";
        case reason::bad_request:
            if (s_.what == step::introspection && !who_.has_credentials)
                return url_ + " refuses the request (" + status() +
                       "): it may want to know who asks, so give the doctor a client id and its "
                       "secret";
            [[fallthrough]];
        case reason::refused:
        case reason::media_refused:
            return url_ + " refuses the request (" + status() +
                   "): look whether it is the introspection endpoint, and into the server's log";
        case reason::unexpected_status:
            return url_ + " answers " + status() +
                   ", which is no answer to an introspection: correct the URL";
        case reason::wrong_issuer:
            return "The document at " + url_ + " is about another issuer (" +
                   (s_.named.empty() ? "none is named" : s_.named) +
                   "): correct --issuer, to the last character, or the server";
        case reason::bad_endpoint:
            return "An endpoint named in " + url_ + " can't be used (introspection: " + s_.named +
                   "): each must be an https URL at the origin of the issuer";
        default:
            if (s_.what == step::discovery)
                return "What stands at " + url_ + " is no discovery document (" +
                       words(to_string(why)) + "): correct the issuer";
            return "The answer from " + url_ + " can't be believed (" + words(to_string(why)) +
                   "): tell those who run the server";
        }
    }

    std::string operator()(surprise why) const {
        switch (why) {
        case surprise::no_endpoint:
            return "The server names no introspection endpoint in " + url_ +
                   ": give its URL, or have introspection switched on";
        case surprise::random_token_active:
            return url_ + " calls a random token active: it lets everybody in, so close the API "
                          "until it is put right";
        case surprise::slow:
            return host_ + " answers well, and too late: connecting and asking took longer than " +
                   span_of(who_.slow_after) + ": see what slows it, or be more patient";
        }
        return {};
    }

private:
    std::string place() const {
        if (s_.what == step::name || s_.where == host_)
            return host_;
        return host_ + " (" + s_.where + ")";
    }
    std::string in_time() const { return span_of(who_.timeout); }
    std::string status() const { return std::to_string(s_.status); }
    std::string wait() const {
        return s_.retry_after ? ", it asks to be left alone for " + span_of(*s_.retry_after) : "";
    }
    std::string client() const {
        return who_.client_id.empty() ? "our client" : "the client '" + who_.client_id + "'";
    }
    std::string whether_known() const {
        return who_.signs ? "whether it knows our public key, under the id that we name"
                          : "whether its secret was changed";
    }
    std::string what() const {
        return s_.what == step::discovery ? "discovery document" : "introspection endpoint";
    }
    static std::string words(std::string_view name) {
        std::string made{name};
        for (char& c : made)
            c = c == '_' ? ' ' : c;
        return made;
    }
    std::string hosts() const {
        std::string made;
        for (const std::string& host : s_.shown ? s_.shown->hosts : std::vector<std::string>{})
            made += (made.empty() ? "" : ", ") + host;
        return made.empty() ? "no host at all" : made;
    }
    std::string out_of_time() const {
        if (!s_.shown)
            return "The certificate of " + server_ +
                   " is not valid at this time: renew it, or set the clock";
        const certificate& c = *s_.shown;
        const bool is_early = who_.now < c.not_before;
        if (is_early)
            return "The certificate of " + server_ + " is valid from " + date_of(c.not_before) +
                   " only: set the clock of this machine, or wait";
        if (c.depth != 0)
            return "The certificate of the authority " + c.subject + ", above that of " + server_ +
                   ", expired on " + date_of(c.not_after) + ": put the new one on the server";
        return "The certificate of " + server_ + " expired on " + date_of(c.not_after) +
               ": renew it on the server";
    }
    std::string untrusted() const {
        const std::string begin = "The certificate of " + server_;
        if (s_.shown && s_.shown->subject == s_.shown->issuer)
            return begin + " is signed by itself, and not trusted here: put one of a trusted "
                           "authority on the server, "
                           "or name it as CA file";
        return begin +
               (s_.shown
                    ? " comes from " + s_.shown->issuer + ", and no authority that is trusted here"
                    : " comes from no authority that is trusted here, and nobody") +
               " vouches for it: name the right CA file, or have the server send its whole chain";
    }

    const sight& s_;
    const examination& e_;
    const asker& who_;
    std::string host_;
    std::string server_;
    std::string url_;
};

} // namespace

std::string sentence_on(const sight& s, const examination& of, const asker& who) {
    return std::visit(writer{s, of, who}, s.wrong);
}

std::string date_of(std::chrono::sys_seconds moment) {
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(moment)};
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    return text;
}

std::string span_of(std::chrono::nanoseconds span) {
    const double s = std::chrono::duration<double>(span).count();
    char text[32];
    if (s < 0.01)
        std::snprintf(text, sizeof text, "%.1f ms", s * 1e3);
    else if (s < 1)
        std::snprintf(text, sizeof text, "%.0f ms", s * 1e3);
    else if (s < 120)
        std::snprintf(text, sizeof text, "%.3g s", s);
    else if (s < 7200)
        std::snprintf(text, sizeof text, "%.0f min", s / 60);
    else if (s < 172'800)
        std::snprintf(text, sizeof text, "%.0f h", s / 3600);
    else
        std::snprintf(text, sizeof text, "%.0f days", s / 86'400);
    return text;
}

} // namespace doctor
