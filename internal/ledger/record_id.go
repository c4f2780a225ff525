package ledger

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

// RecordID is a MeteringRecordId. It is a keyed hash of the record's key: the
// same record has the same id whenever it is told, without any memory, and
// nobody can guess another's.
type RecordID [16]byte

// RecordIDLen is the length of an id's text.
const RecordIDLen = 36

// String returns the id in UUID form (M0135).
func (id RecordID) String() string {
	text := id.Text()
	return string(text[:])
}

// Text is String for those who have a place for it.
func (id RecordID) Text() (b [RecordIDLen]byte) {
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return b
}

// recordIDs makes ids with AES-128 in CBC-MAC, which is a pseudo-random
// function for inputs of one length, as keys are.
type recordIDs struct{ block cipher.Block }

func newRecordIDs(secret []byte) (recordIDs, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return recordIDs{}, fmt.Errorf("reading the ledger's secret: %w", err)
	}
	return recordIDs{block}, nil
}

func (r recordIDs) of(k store.Key) (id RecordID) {
	r.put(&id, k)
	return id
}

// put is of for those who have a place for the id.
func (r recordIDs) put(id *RecordID, k store.Key) {
	var in [48]byte
	in[0] = byte(k.Kind)
	binary.BigEndian.PutUint32(in[4:], uint32(k.Hour))
	binary.BigEndian.PutUint32(in[8:], uint32(k.Scope))
	binary.BigEndian.PutUint32(in[12:], uint32(k.Subject))
	binary.BigEndian.PutUint32(in[16:], uint32(k.Party))
	binary.BigEndian.PutUint32(in[20:], uint32(k.Dimension))
	copy(in[32:], k.Tail[:])

	clear(id[:])
	for i := 0; i < len(in); i += len(id) {
		subtle.XORBytes(id[:], id[:], in[i:])
		r.block.Encrypt(id[:], id[:])
	}
	// The bits of a random UUID, which is what the id looks like to everybody
	// without the secret.
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
}

const (
	keySecret   = "record-id-secret"
	secretBytes = 16
)

// secret returns the ledger's secret, which is drawn when the ledger is new.
func (l *Ledger) secret(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, secretBytes)
	rand.Read(fresh)
	row := store.Row{Table: tableLedger, Key: keySecret, Value: fresh}
	return l.createRow(ctx, row)
}

// createRow writes a row unless it is there, and returns the value that stands.
func (l *Ledger) createRow(ctx context.Context, row store.Row) ([]byte, error) {
	err := l.store.Put(ctx, []store.Row{row})
	if err == nil {
		return row.Value, nil
	}
	if !errors.Is(err, store.ErrVersion) {
		return nil, fmt.Errorf("writing %s %s: %w", row.Table, row.Key, err)
	}
	standing, ok, err := l.readRow(ctx, row.Table, row.Key)
	if err == nil && !ok {
		err = fmt.Errorf("row %s %s is there and cannot be read", row.Table, row.Key)
	}
	return standing, err
}

// readRow returns the value of a row, or ok == false.
func (l *Ledger) readRow(ctx context.Context, table store.Table, key string) (value []byte, ok bool, err error) {
	for row, err := range l.store.Rows(ctx, table) {
		if err != nil {
			return nil, false, fmt.Errorf("reading %s: %w", table, err)
		}
		if row.Key == key {
			return row.Value, true, nil
		}
	}
	return nil, false, nil
}
