// Package matrixfile encrypts and decrypts the files of encrypted rooms, as streams
// (client-server API, "Sending encrypted attachments").
package matrixfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Secret is the "file" field of a message: where an encrypted file is, and its key.
type Secret struct {
	URL string `json:"url"`
	Key struct {
		Algorithm string `json:"alg"`
		K         string `json:"k"`
	} `json:"key"`
	IV     string `json:"iv"`
	Hashes struct {
		SHA256 string `json:"sha256"`
	} `json:"hashes"`
}

// ID returns the id of a file: its address, or everything that is needed to decrypt it.
// secret is the "file" field of the message; nil: the file is not encrypted. An empty id
// names no file.
func ID(address string, secret json.RawMessage) chat.FileID {
	var f Secret
	if secret == nil || json.Unmarshal(secret, &f) != nil || f.URL == "" {
		return chat.FileID(address)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	return chat.FileID(raw)
}

// Parse reads what ID returned. secret is nil for a file that is not encrypted.
func Parse(file chat.FileID) (uri id.ContentURI, secret *Secret, err error) {
	address := string(file)
	if strings.HasPrefix(address, "{") {
		secret = &Secret{}
		if err := json.Unmarshal([]byte(address), secret); err != nil {
			return uri, nil, errors.New("the id is damaged")
		}
		address = secret.URL
	}
	uri, err = id.ParseContentURI(address)
	if err == nil && uri.IsEmpty() {
		err = errors.New("the message names no file")
	}
	return uri, secret, err
}

// Decrypt decrypts a file while it is read. At the end its hash is compared with the one
// in the message: if the file was changed, the last Read fails, and what was read must
// not be used. Closing the returned reader closes r; on an error r is closed already.
func Decrypt(r io.ReadCloser, f *Secret) (io.ReadCloser, error) {
	d := &decrypter{ReadCloser: r, seen: sha256.New()}
	key, err := unpadded(base64.RawURLEncoding, f.Key.K, 32)
	if err == nil && f.Key.Algorithm != "A256CTR" {
		err = fmt.Errorf("unknown algorithm %.40q", f.Key.Algorithm)
	}
	var iv []byte
	if err == nil {
		iv, err = unpadded(base64.RawStdEncoding, f.IV, aes.BlockSize)
	}
	if err == nil {
		d.want, err = unpadded(base64.RawStdEncoding, f.Hashes.SHA256, sha256.Size)
	}
	if err != nil {
		r.Close() //nolint:errcheck,gosec // nothing was read of it
		return nil, retry.Never(fmt.Errorf("decrypt the file: %w", err))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		r.Close() //nolint:errcheck,gosec // nothing was read of it
		return nil, retry.Never(fmt.Errorf("decrypt the file: %w", err))
	}
	d.stream = cipher.NewCTR(block, iv)
	return d, nil
}

// unpadded decodes base64 of so many bytes, with or without padding.
func unpadded(enc *base64.Encoding, s string, size int) ([]byte, error) {
	raw, err := enc.DecodeString(strings.TrimRight(s, "="))
	if err != nil || len(raw) != size {
		return nil, errors.New("the key, hash or initialisation vector is missing or damaged")
	}
	return raw, nil
}

type decrypter struct {
	io.ReadCloser
	stream cipher.Stream
	seen   hash.Hash
	want   []byte
}

func (d *decrypter) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.seen.Write(p[:n])
	d.stream.XORKeyStream(p[:n], p[:n])
	if errors.Is(err, io.EOF) && subtle.ConstantTimeCompare(d.seen.Sum(nil), d.want) != 1 {
		return n, retry.Never(errors.New("decrypt the file: it was changed or damaged on the way"))
	}
	return n, err
}

// Encrypter encrypts a file while it is read, with a key of its own.
type Encrypter struct {
	io.ReadCloser
	stream  cipher.Stream
	seen    hash.Hash
	key, iv []byte
}

// Encrypt returns a reader of the encrypted file. Closing it closes r.
func Encrypt(r io.ReadCloser) *Encrypter {
	e := &Encrypter{ReadCloser: r, seen: sha256.New(), key: make([]byte, 32), iv: make([]byte, aes.BlockSize)}
	rand.Read(e.key)    //nolint:errcheck // never fails (crypto/rand)
	rand.Read(e.iv[:8]) //nolint:errcheck // the other half counts blocks
	block, err := aes.NewCipher(e.key)
	if err != nil {
		panic(err) // the key has the right size
	}
	e.stream = cipher.NewCTR(block, e.iv)
	return e
}

func (e *Encrypter) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.stream.XORKeyStream(p[:n], p[:n])
	e.seen.Write(p[:n])
	return n, err
}

// File returns the "file" field of the message. It is known once everything was read.
func (e *Encrypter) File(uri string) map[string]any {
	return map[string]any{
		"url": uri, "v": "v2", "iv": base64.RawStdEncoding.EncodeToString(e.iv),
		"hashes": map[string]string{"sha256": base64.RawStdEncoding.EncodeToString(e.seen.Sum(nil))},
		"key": map[string]any{
			"alg": "A256CTR", "ext": true, "k": base64.RawURLEncoding.EncodeToString(e.key), "key_ops": []string{"encrypt", "decrypt"}, "kty": "oct",
		},
	}
}
