package login

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/gorilla/securecookie"
)

// minKey is the length of a key in bytes.
const minKey = 32

// ReadKeys reads a file of keys: one a line, each at least 32 bytes in base64 or hexadecimal, as `openssl rand -base64 32`
// makes them. To rotate, put a new one on top on all replicas' behalf, and remove the old one twelve hours later.
func ReadKeys(file string) ([][]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read cookie keys: %w", err)
	}
	var keys [][]byte
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		key, err := decodeKey(string(line))
		if err != nil {
			return nil, fmt.Errorf("read cookie keys: %s:%d: %w", file, number, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("read cookie keys: %s is empty: write one with openssl rand -base64 32", file)
	}
	return keys, nil
}

func decodeKey(text string) ([]byte, error) {
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, // first, because hexadecimal digits are base64, too
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) >= minKey {
			return key, nil
		}
	}
	return nil, errors.New("not a key of at least 32 bytes in base64 or hexadecimal: make one with openssl rand -base64 32")
}

// codecs seal and open cookies that live for so many seconds, the first key's first.
func (l *Login) codecs(seconds int) ([]securecookie.Codec, error) {
	keys, err := l.Keys()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("there are no cookie keys")
	}
	var all []securecookie.Codec
	for _, key := range keys {
		if len(key) < minKey {
			return nil, fmt.Errorf("a cookie key has %d bytes: use at least %d", len(key), minKey)
		}
		sign, err := hkdf.Key(sha256.New, key, nil, "pharos login: sign", 32)
		if err != nil {
			return nil, fmt.Errorf("derive cookie key: %w", err)
		}
		seal, err := hkdf.Key(sha256.New, key, nil, "pharos login: seal", 32)
		if err != nil {
			return nil, fmt.Errorf("derive cookie key: %w", err)
		}
		all = append(all, securecookie.New(sign, seal).MaxAge(seconds).SetSerializer(securecookie.JSONEncoder{}))
	}
	return all, nil
}
