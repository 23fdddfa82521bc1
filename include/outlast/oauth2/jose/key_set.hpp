// SPDX-License-Identifier: BSL-1.0
//
// The public keys of one issuer. Needs libcjose.
#ifndef OUTLAST_OAUTH2_JOSE_KEY_SET_HPP
#define OUTLAST_OAUTH2_JOSE_KEY_SET_HPP

#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/jwk.hpp>
#include <outlast/oauth2/jose/verify.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2::jose {

inline constexpr std::size_t max_keys = 32; ///< of one set, usable or not

namespace detail {

/// The sink of `read_strict_json` for a JWK Set (RFC 7517 §5): its keys are the objects at depth 2.
class key_set_sink {
public:
    /// The keys; none if the document is no JWK Set.
    [[nodiscard]] std::optional<std::vector<jwk>> taken() {
        if (!is_set_ || !well_formed_)
            return std::nullopt;
        end_key();
        return std::move(keys_);
    }

    void open_object(std::size_t depth) {
        if (depth == 2 && in_keys_) {
            end_key();
            in_key_ = true;
        } else if (depth == 0) {
            is_object_ = true;
        } else if (depth > 2 && in_key_) {
            key_.open_object(depth);
        } else {
            other(depth);
        }
    }
    void open_array(std::size_t depth) {
        if (depth == 1 && in_keys_)
            is_set_ = is_object_;
        else if (depth > 2 && in_key_)
            key_.open_array(depth);
        else
            other(depth);
    }
    void key(std::size_t depth, std::string_view name) {
        if (depth == 1)
            in_keys_ = name == "keys";
        else if (in_keys_ && in_key_)
            key_.key(depth, name);
    }
    void string(std::size_t depth, std::string_view text) {
        if (depth > 2 && in_keys_ && in_key_)
            key_.string(depth, text);
        else
            other(depth);
    }
    void number(std::size_t depth, std::string_view text) {
        if (depth > 2 && in_keys_ && in_key_)
            key_.number(depth, text);
        else
            other(depth);
    }
    void boolean(std::size_t depth, bool value) {
        if (depth > 2 && in_keys_ && in_key_)
            key_.boolean(depth, value);
        else
            other(depth);
    }
    void null(std::size_t depth) {
        if (depth > 2 && in_keys_ && in_key_)
            key_.null(depth);
        else
            other(depth);
    }

private:
    // `keys` is an array of objects; what other members are does not matter.
    void other(std::size_t depth) noexcept {
        if (in_keys_ && (depth == 1 || depth == 2))
            well_formed_ = false;
    }
    void end_key() {
        if (std::exchange(in_key_, false))
            keys_.push_back(key_.taken());
    }

    std::vector<jwk> keys_{};
    jwk_sink key_{2};
    bool is_object_ = false;
    bool is_set_ = false;
    bool in_keys_ = false;
    bool in_key_ = false;
    bool well_formed_ = true;
};

} // namespace detail

/// A JWK Set as far as it is of use here. Immutable: any number of threads may verify with it at once.
class key_set {
public:
    /// Reads a set, strictly and within bounds (64 KiB, 256 members in all, `max_keys`). A key that cannot be used
    /// (encryption keys, other kinds, weak ones, those whose private part was published with them) is left
    /// out and counted, and so are keys of one kind that share a `kid`: which of them is meant nobody can tell.
    ///
    /// \return the set; or `malformed`, `too_large`, or `unusable_key` when there is none in it
    /// \throws std::bad_alloc
    [[nodiscard]] static result<key_set> read(std::string_view json) {
        if (json.size() > max_body_size)
            return errc::too_large;
        detail::key_set_sink sink;
        if (const auto problem = read_strict_json(json, sink))
            return *problem == reason::too_many_members ? errc::too_large : errc::malformed;
        auto keys = sink.taken();
        if (!keys)
            return errc::malformed;
        if (keys->size() > max_keys)
            return errc::too_large;
        key_set made;
        for (std::size_t i = 0; i != keys->size(); ++i) {
            if (auto key = verifying_key::make((*keys)[i]); key && !is_ambiguous(*keys, i))
                made.keys_.push_back(std::move(key).assume_value());
            else
                ++made.skipped_;
        }
        if (made.keys_.empty())
            return errc::unusable_key;
        return made;
    }

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    /// How many keys of the document were left out.
    [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }

    /// Whether a key of this set has made the signature: the one that `kid` names, or, without a `kid`, any.
    /// \return what was signed; or `algorithm_refused`, `wrong_key`, `bad_signature`, `crypto_failed`;
    ///         or `unknown_key`: a newer set may have it. \throws std::bad_alloc
    [[nodiscard]] result<std::string> verify(compact_jws const& signed_text,
                                             algorithms allowed) const {
        const protected_header& header = signed_text.header;
        if (!allowed.contains(header.alg))
            return errc::algorithm_refused;
        result<std::string> last = errc::unknown_key;
        for (const verifying_key& key : keys_) {
            if (header.kid ? key.kid() != header.kid : !key.fits(header.alg))
                continue;
            auto verified = key.verify(signed_text, allowed);
            // Of two kinds of key that share a kid, the one that does not fit says nothing.
            if (verified || (header.kid && verified.error() != errc::wrong_key))
                return verified;
            if (header.kid)
                last = std::move(verified);
        }
        return last;
    }

private:
    key_set() = default;

    static bool is_ambiguous(std::vector<jwk> const& keys, std::size_t which) noexcept {
        const jwk& key = keys[which];
        for (std::size_t i = 0; i != keys.size(); ++i) {
            if (i != which && key.kid && keys[i].kid == key.kid && keys[i].kty == key.kty &&
                keys[i].crv == key.crv)
                return true;
        }
        return false;
    }

    std::vector<verifying_key> keys_{};
    std::size_t skipped_ = 0;
};

using key_set_ptr = std::shared_ptr<key_set const>;

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_KEY_SET_HPP
