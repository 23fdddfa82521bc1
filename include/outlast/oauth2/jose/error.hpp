// SPDX-License-Identifier: BSL-1.0
//
// Why a signed text or a key is refused.
#ifndef OUTLAST_OAUTH2_JOSE_ERROR_HPP
#define OUTLAST_OAUTH2_JOSE_ERROR_HPP

#include <boost/outcome/std_result.hpp>

#include <string>
#include <system_error>
#include <type_traits>

namespace outlast::oauth2::jose {

/// A closed list: fixed texts, in which nothing of a token or a key can be.
enum class errc {
    too_large = 1,     ///< beyond a bound of this layer
    malformed,         ///< not the form it has to have
    critical_header,   ///< `crit`: asks for an extension, and none is known here
    algorithm_refused, ///< `none`, HMAC, unknown, or not allowed
    weak_key,          ///< RSA below 2048 bits, or with an exponent that breaks it
    unusable_key,      ///< of another kind, for another use, or not a key
    private_key,       ///< a private key where a public one belongs
    wrong_key,         ///< the key cannot have made a signature of this algorithm
    unknown_key,       ///< of the keys at hand none is the one it names
    bad_signature,
    crypto_failed, ///< of the libraries beneath: out of memory, or they lack something
};

namespace detail {

class error_category_type final : public std::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return "outlast.oauth2.jose"; }
    [[nodiscard]] std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::too_large:
            return "larger than what is read here";
        case errc::malformed:
            return "malformed";
        case errc::critical_header:
            return "asks for an extension that is not known here (crit)";
        case errc::algorithm_refused:
            return "the signature algorithm is not allowed";
        case errc::weak_key:
            return "the key is too weak";
        case errc::unusable_key:
            return "the key is not one for signatures that are known here";
        case errc::private_key:
            return "a private key where a public one belongs";
        case errc::wrong_key:
            return "the key does not fit the signature algorithm";
        case errc::unknown_key:
            return "signed by a key that is not known here";
        case errc::bad_signature:
            return "the signature is wrong";
        case errc::crypto_failed:
            return "the cryptographic library failed";
        }
        return "unknown error of JOSE";
    }
};

} // namespace detail

[[nodiscard]] inline std::error_category const& error_category() noexcept {
    static const detail::error_category_type category;
    return category;
}
[[nodiscard]] inline std::error_code make_error_code(errc error) noexcept {
    return {static_cast<int>(error), error_category()};
}

/// A value, or an `errc`.
template <class T>
using result = boost::outcome_v2::std_result<T>;

} // namespace outlast::oauth2::jose

template <>
struct std::is_error_code_enum<outlast::oauth2::jose::errc> : std::true_type {};

#endif // OUTLAST_OAUTH2_JOSE_ERROR_HPP
