package matrix

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

// encryptedFile is the "file" of a message's content: where an encrypted file is
// and how it is read.
type encryptedFile struct {
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

// fileID is the id of a file: its address, or for an encrypted one all that is
// needed to read it. Empty: the content names none.
func (c content) fileID() chat.FileID {
	var f encryptedFile
	if c.File == nil || json.Unmarshal(c.File, &f) != nil || f.URL == "" {
		return chat.FileID(c.URL)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	return chat.FileID(raw)
}

// parseFileID takes apart what fileID made. secret is nil for a file that is not
// encrypted.
func parseFileID(file chat.FileID) (uri id.ContentURI, secret *encryptedFile, err error) {
	address := string(file)
	if strings.HasPrefix(address, "{") {
		secret = &encryptedFile{}
		if err := json.Unmarshal([]byte(address), secret); err != nil {
			return uri, nil, errors.New("it cannot be read")
		}
		address = secret.URL
	}
	uri, err = id.ParseContentURI(address)
	if err == nil && uri.IsEmpty() {
		err = errors.New("there is none")
	}
	return uri, secret, err
}

// plaintext decrypts a file as it is read. At its end the hash of what was read is
// compared with that in the message: a file that was changed fails there, and what
// was read of it must not be used. r is closed with what is returned.
func plaintext(r io.ReadCloser, f *encryptedFile) (io.ReadCloser, error) {
	d := &decrypter{ReadCloser: r, seen: sha256.New()}
	key, err := unpadded(base64.RawURLEncoding, f.Key.K, 32)
	if err == nil && f.Key.Algorithm != "A256CTR" {
		err = fmt.Errorf("it is encrypted by %q, which is not known", cut(f.Key.Algorithm, 40))
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

// unpadded reads base64, with or without its padding, of so many bytes.
func unpadded(enc *base64.Encoding, s string, size int) ([]byte, error) {
	raw, err := enc.DecodeString(strings.TrimRight(s, "="))
	if err != nil || len(raw) != size {
		return nil, errors.New("its key, hash or initialisation vector is missing or damaged")
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
		return n, retry.Never(errors.New("decrypt the file: it is not the one that was sent, it was changed or damaged"))
	}
	return n, err
}

// encrypter encrypts a file as it is read, with a key of its own.
type encrypter struct {
	io.ReadCloser
	stream  cipher.Stream
	seen    hash.Hash
	key, iv []byte
}

func newEncrypter(r io.ReadCloser) *encrypter {
	e := &encrypter{ReadCloser: r, seen: sha256.New(), key: make([]byte, 32), iv: make([]byte, aes.BlockSize)}
	rand.Read(e.key)    //nolint:errcheck // never fails (crypto/rand)
	rand.Read(e.iv[:8]) //nolint:errcheck // the other half counts blocks
	block, err := aes.NewCipher(e.key)
	if err != nil {
		panic(err) // the key has the right size
	}
	e.stream = cipher.NewCTR(block, e.iv)
	return e
}

func (e *encrypter) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.stream.XORKeyStream(p[:n], p[:n])
	e.seen.Write(p[:n])
	return n, err
}

// file is the "file" of the message's content, once all has been read.
func (e *encrypter) file(uri string) map[string]any {
	return map[string]any{
		"url": uri, "v": "v2", "iv": base64.RawStdEncoding.EncodeToString(e.iv),
		"hashes": map[string]string{"sha256": base64.RawStdEncoding.EncodeToString(e.seen.Sum(nil))},
		"key": map[string]any{
			"alg": "A256CTR", "ext": true, "k": base64.RawURLEncoding.EncodeToString(e.key), "key_ops": []string{"encrypt", "decrypt"}, "kty": "oct",
		},
	}
}
