// Judges an export of a Remit ledger, or one entry by its proof, with the tree and the signed notes
// of Go's own checksum database. Ends with 0 if everything fits, 1 if not, 2 if an anchor holds more
// than the export, 3 if it was used wrongly. Needs golang.org/x/mod; 64 bytes of memory an entry.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width, hashSize, fileMax = 256, 32, 1 << 30

type export struct {
	dir, name   string
	log         note.Verifiers
	hashes      []tlog.Hash // as tlog stores them
	size, first int64       // entries before the first are not carried, only their hashes
	recovered   []recovery
	rotated     []rotation
	ats         []string // instants of entries from the first rotation on
}

// rotation is what an entry says of a key that follows another: both sign until its instant.
type rotation struct {
	position    int64
	before, key string // in base64, since the ids differ under each origin
	until       string
	begun       bool // both have signed a tree that holds it
}

// recovery is what an entry says of a tree that ended: where, under which origin, what was lost.
type recovery struct {
	Event string
	Body  struct {
		Origin, Old_origin           string
		Old_size, Lost_from, Lost_to int64
	}
}

type beyond struct{ size int64 } // an anchor of a tree that is larger than the export

func (b beyond) Error() string { return fmt.Sprintf("an anchor holds %d entries", b.size) }

func (e *export) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(e.hashes)) {
			return nil, fmt.Errorf("the tree has no hash %d", index)
		}
		found[i] = e.hashes[index]
	}
	return found, nil
}

func (e *export) read(name string) ([]byte, error) {
	path := filepath.Join(e.dir, filepath.FromSlash(name))
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > fileMax {
		return nil, fmt.Errorf("%s is missing, no file or too long", name)
	}
	return os.ReadFile(path)
}

func strict(text string) ([]byte, error) { // base64 in its one spelling
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && base64.StdEncoding.EncodeToString(data) != text {
		err = fmt.Errorf("base64 is not in its one spelling")
	}
	return data, err
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 50)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("a number is malformed")
	}
	return n, nil
}

// families returns who verifies for keys: each itself, and it under the origins before a recovery.
func families(keys []string) (note.Verifiers, string, error) {
	all, first := []note.Verifier{}, ""
	for _, vkey := range keys {
		list, name, err := family(vkey)
		if err != nil {
			return nil, "", err
		}
		if all = append(all, list...); first == "" {
			first = name
		}
	}
	return note.VerifierList(all...), first, nil
}

func family(vkey string) ([]note.Verifier, string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, "", err
	}
	name, list, n := verifier.Name(), []note.Verifier{verifier}, 0
	encoded := vkey[len(name)+10:]
	key, _ := base64.StdEncoding.DecodeString(encoded)
	parts := regexp.MustCompile(`^(.+)(/)([0-9]{1,2})$`).FindStringSubmatch(name)
	if parts != nil {
		n, _ = strconv.Atoi(parts[3])
	}
	for n--; n >= 0 && err == nil && parts != nil && name != parts[1]+"/1"; n-- {
		older := strings.TrimSuffix(parts[1]+"/"+strconv.Itoa(n), "/0")
		id := sha256.Sum256(append([]byte(older+"\n"), key...))
		verifier, err = note.NewVerifier(fmt.Sprintf("%s+%x+%s", older, id[:4], encoded))
		list = append(list, verifier)
	}
	return list, name, err
}

// originAt returns the origin that signs a tree of this size.
func (e *export) originAt(size int64) string {
	origin := e.name
	for _, one := range e.recovered {
		if size <= one.Body.Old_size {
			return one.Body.Old_origin
		}
		origin = one.Body.Origin
	}
	return origin
}

// lost tells whether a recovery names a tree as one of those that were lost.
func (e *export) lost(origin string, size int64) bool {
	for _, one := range e.recovered {
		if origin == one.Body.Old_origin && one.Body.Lost_from < size && size <= one.Body.Lost_to+1 {
			return true
		}
	}
	return false
}

// checkpoint returns what a note states if keys of the log, and no other, signed it; and their ids.
func checkpoint(msg []byte, log note.Verifiers) (origin string, tree tlog.Tree, ids []uint32, err error) {
	opened, err := note.Open(msg, log)
	if err != nil {
		return "", tree, nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(opened.UnverifiedSigs) != 0 || strings.Count(string(msg), "\n") != 4+len(opened.Sigs) {
		return "", tree, nil, fmt.Errorf("a checkpoint has other signatures")
	}
	for _, sig := range opened.Sigs {
		if _, err = strict(sig.Base64); err != nil {
			return "", tree, nil, err
		}
		if len(lines) != 4 || lines[3] != "" || lines[0] != sig.Name {
			return "", tree, nil, fmt.Errorf("a checkpoint has three lines")
		}
		ids = append(ids, sig.Hash)
	}
	root, err := strict(lines[2])
	if err != nil || copy(tree.Hash[:], root) != hashSize || len(root) != hashSize {
		return "", tree, nil, fmt.Errorf("a root is malformed")
	}
	tree.N, err = number(lines[1])
	return lines[0], tree, ids, err
}

// follows notes keys that follow each other, and instants once one does.
func (e *export) follows(leaf []byte) {
	var one struct {
		Event string
		Body  struct {
			Before, Key string
			Until_us    int64
		}
	}
	if bytes.Contains(leaf, []byte(`"event":"ledger:log_key:rotated"`)) && json.Unmarshal(leaf, &one) == nil {
		before, key := strings.SplitN(one.Body.Before, "+", 3), strings.SplitN(one.Body.Key, "+", 3)
		until := time.UnixMicro(one.Body.Until_us).UTC().Format("2006-01-02T15:04:05.000000Z")
		if one.Event == "ledger:log_key:rotated" && len(before) == 3 && len(key) == 3 {
			e.rotated = append(e.rotated, rotation{e.size, before[2], key[2], until, false})
		}
	}
	if len(e.rotated) > 0 {
		_, rest, _ := bytes.Cut(leaf, []byte(`"at":"`))
		at, _, _ := bytes.Cut(rest, []byte(`"`))
		e.ats = append(e.ats, string(at))
	}
}

// signed says whether a checkpoint has the signatures of all keys of its time, and no other.
func (e *export) signed(origin string, size int64, ids []uint32) error {
	if len(e.rotated) == 0 || size > e.size {
		return nil
	}
	ended, at := map[string]bool{}, ""
	if start := e.rotated[0].position; size > start {
		at = e.ats[size-1-start]
	}
	has := func(key string) bool {
		data, _ := base64.StdEncoding.DecodeString(key)
		id := sha256.Sum256(append([]byte(origin+"\n"), data...))
		for _, one := range ids {
			if one == binary.BigEndian.Uint32(id[:4]) {
				return true
			}
		}
		return false
	}
	for _, one := range e.rotated {
		ended[one.before] = ended[one.before] || one.position < size && at > one.until
	}
	for n := range e.rotated {
		one := &e.rotated[n]
		late, old, new := ended[one.before], has(one.before), has(one.key)
		if one.position >= size {
			if new {
				return fmt.Errorf("checkpoint %d is signed by a key that follows only later", size)
			}
			continue
		}
		one.begun = one.begun || old && new
		if late && old {
			return fmt.Errorf("checkpoint %d is signed by a key that was retired", size)
		}
		if !new && !ended[one.key] && (late || one.begun) || one.begun && !late && !(old && new) {
			return fmt.Errorf("checkpoint %d lacks the signature of a key", size)
		}
	}
	return nil
}

func (e *export) fits(msg []byte, ordered bool) (origin string, size int64, err error) {
	origin, tree, ids, err := checkpoint(msg, e.log)
	if err != nil {
		return "", 0, err
	}
	if err := e.signed(origin, tree.N, ids); err != nil && ordered { // an anchor may be of any size
		return origin, tree.N, err
	}
	if tree.N > e.size {
		return origin, tree.N, beyond{tree.N}
	}
	root, err := tlog.TreeHash(tree.N, e)
	if err == nil && root != tree.Hash && tree.N > 0 {
		err = fmt.Errorf("the tree of %d entries has another root", tree.N)
	}
	return origin, tree.N, err
}

func frames(data []byte, each func([]byte) error) error {
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return fmt.Errorf("a file of frames is cut")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if err := each(data[2:end]); err != nil {
			return err
		}
		data = data[end:]
	}
	return nil
}

func (e *export) grow(h tlog.Hash) error {
	n := tlog.StoredHashCount(e.size)
	if n != int64(len(e.hashes)) {
		return fmt.Errorf("the tree is not whole")
	}
	more, err := tlog.StoredHashesForRecordHash(e.size, h, e)
	e.hashes, e.size = append(e.hashes, more...), e.size+1
	return err
}

// entry adds an entry; one that tells of a recovery stands where the tree before it ended.
func (e *export) entry(leaf []byte) error {
	e.follows(leaf)
	if bytes.Contains(leaf, []byte(`"event":"ledger:origin:recovered"`)) {
		var one recovery
		if err := json.Unmarshal(leaf, &one); err != nil {
			return err
		}
		old := one.Body.Old_origin
		if one.Event != "ledger:origin:recovered" {
			return e.grow(tlog.RecordHash(leaf)) // its body only speaks of one
		} else if one.Body.Old_size != e.size || len(e.recovered) > 0 && old != e.originAt(e.size) {
			return fmt.Errorf("a recovery does not begin where the old tree ended")
		}
		e.recovered = append(e.recovered, one)
	}
	return e.grow(tlog.RecordHash(leaf))
}

// page reads the entries of a page, and from a tile the hashes of those that are not carried.
func (e *export) page(tile tlog.Tile, known map[string]bool) error {
	hashes, skip := []byte{}, e.first-e.size
	if skip > 0 {
		var err error
		if hashes, err = e.read(named(tile)); err != nil || len(hashes) != tile.W*hashSize {
			return fmt.Errorf("%s is missing or cut (%v)", named(tile), err)
		}
	}
	for ; len(hashes) > 0 && e.size < e.first; hashes = hashes[hashSize:] {
		if err := e.grow(*(*tlog.Hash)(hashes[:hashSize])); err != nil {
			return err
		}
	}
	if skip >= int64(tile.W) {
		return nil
	}
	tile.L = -1
	known[named(tile)] = true
	data, err := e.read(named(tile))
	if err != nil {
		return err
	}
	return frames(data, func(leaf []byte) error {
		if skip--; skip < 0 {
			return e.entry(leaf)
		} else if len(leaf) > 0 {
			return fmt.Errorf("there is an entry before the first")
		}
		return nil
	})
}

// named returns the file of a tile; at level -1, that of entries.
func named(tile tlog.Tile) string {
	return strings.NewReplacer("tile/8/data/", "tile/entries/", "tile/8/", "tile/").Replace(tile.Path())
}

// tree reads all entries, then compares every tile with theirs.
func (e *export) tree(size int64, known map[string]bool) error {
	for start := int64(0); start < size; start += width {
		tile := tlog.Tile{H: 8, L: 0, N: start / width, W: width}
		if size-start < width {
			tile.W = int(size - start)
		}
		if err := e.page(tile, known); err != nil || e.size != start+int64(tile.W) {
			return fmt.Errorf("page %d does not hold %d entries (%v)", tile.N, tile.W, err)
		}
	}
	for level := 0; size>>(8*level) > 0; level++ {
		for left, n := size>>(8*level), int64(0); left > 0; left, n = left-width, n+1 {
			tile := tlog.Tile{H: 8, L: level, N: n, W: width}
			if left < width {
				tile.W = int(left)
			}
			name := named(tile)
			want, err := tlog.ReadTileData(tile, e)
			data, other := e.read(name)
			known[name] = true
			if err != nil || other != nil || !bytes.Equal(want, data) {
				return fmt.Errorf("%s is not the tile of its entries", name)
			}
		}
	}
	return nil
}

func (e *export) anchors(data []byte) (err error) {
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		var receipt struct{ Note string }
		if !bytes.HasSuffix(line, []byte("\n")) {
			return err // a line without its end was never complete
		}
		if json.Unmarshal(line, &receipt) != nil {
			return fmt.Errorf("an anchor is malformed")
		}
		held, bad := strict(receipt.Note)
		origin, size := "", int64(0)
		if bad == nil {
			origin, size, bad = e.fits(held, false)
		}
		if e.lost(origin, size) {
			continue
		} else if more, ok := bad.(beyond); ok {
			err = more
		} else if bad != nil {
			return fmt.Errorf("an anchor: %v", bad)
		}
	}
	return err
}

func judge(dir string, keys []string, held [][]byte) error {
	log, name, err := families(keys)
	if err != nil {
		return err
	}
	e := &export{dir: dir, name: name, log: log}
	last, err := e.read("checkpoint")
	if err != nil {
		return err
	}
	origin, tree, _, err := checkpoint(last, e.log)
	if err != nil {
		return err
	}
	if origin != name {
		return fmt.Errorf("the export is of origin %s", origin)
	}
	manifest, err := e.read("manifest")
	claims := strings.Split(string(manifest), "\n")
	if err != nil || len(claims) < 5 || len(strings.Split(claims[2], " ")) != 3 {
		return fmt.Errorf("the manifest is missing or malformed")
	}
	e.first, err = number(strings.Split(claims[2], " ")[1])
	if err != nil || e.first > 0 && e.first >= tree.N {
		return fmt.Errorf("the manifest begins nowhere")
	}
	known := map[string]bool{}
	if err := e.tree(tree.N, known); err != nil {
		return err
	}
	notes, err := e.read("checkpoints")
	if err != nil {
		return err
	}
	count, size, end := 0, int64(-1), []byte(nil)
	err = frames(notes, func(msg []byte) error {
		origin, n, err := e.fits(msg, true)
		if err == nil && (n <= size || e.first == 0 && origin != e.originAt(n)) {
			err = fmt.Errorf("checkpoints are out of order, or of another origin")
		}
		count, size, end = count+1, n, msg
		return err
	})
	if err != nil || !bytes.Equal(end, last) {
		return fmt.Errorf("the checkpoints do not fit the entries (%v)", err)
	}
	lines, given := []string{}, map[string]bool{}
	for _, key := range keys {
		given[key+"\n"] = true
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(dir, path)
		name := filepath.ToSlash(relative)
		if err != nil || entry.IsDir() || name == "manifest" || known[name] {
			return err
		}
		data, err := e.read(name)
		if strings.HasPrefix(name, "tile/") {
			return fmt.Errorf("%s does not belong here", name)
		}
		if strings.HasPrefix(name, "anchors/") && err == nil {
			err = e.anchors(data)
		}
		if name == "vkey" && !given[string(data)] {
			return fmt.Errorf("vkey is not a key that was given")
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
		return err
	})
	sort.Slice(lines, func(a, b int) bool { return lines[a][66:] < lines[b][66:] })
	head := fmt.Sprintf("remit export 1\norigin %s\nentries %d %d\ncheckpoints %d\n", origin, e.first, tree.N, count)
	kind := "payloads none\n"
	if claims[4] == "payloads sealed" {
		kind = "payloads sealed\n"
	}
	if err == nil && head+kind+strings.Join(lines, "") != string(manifest) {
		err = fmt.Errorf("the manifest is not that of these files")
	}
	for _, data := range held {
		if bad := e.anchors(data); err == nil {
			err = bad
		}
	}
	return err
}

func prove(leaf, proof string, keys []string) error {
	log, _, err := families(keys)
	entry, bad := os.ReadFile(leaf)
	text, worse := os.ReadFile(proof)
	head, msg, gap := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if err != nil || bad != nil || worse != nil || !gap || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("key, entry or proof is malformed")
	}
	_, tree, _, err := checkpoint(msg, log)
	if err != nil {
		return err
	}
	index, err := number(strings.TrimPrefix(lines[1], "index "))
	if err != nil || !strings.HasPrefix(lines[1], "index ") || index >= tree.N {
		return fmt.Errorf("a proof has no index in its tree")
	}
	path := make(tlog.RecordProof, len(lines)-2)
	for i, line := range lines[2:] {
		data, err := strict(line)
		if err != nil || len(data) != hashSize {
			return fmt.Errorf("a hash is malformed")
		}
		copy(path[i][:], data)
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func code(err error) int {
	if _, more := err.(beyond); more {
		return 2
	} else if err != nil {
		return 1
	}
	return 0
}

func main() {
	var keys []string
	flag.Func("key", "a public key, as somebody gave it to you", func(key string) error {
		keys = append(keys, key)
		return nil
	})
	proof := flag.String("proof", "", "the .tlog-proof of the one entry that is given")
	batch := flag.Bool("batch", false, "read exports, or entry TAB proof, from standard input")
	var held [][]byte
	flag.Func("anchor", "checkpoints that somebody else kept", func(name string) error {
		data, err := os.ReadFile(name)
		held = append(held, data)
		return err
	})
	flag.Parse()
	if len(keys) == 0 || (flag.NArg() != 1) != *batch {
		fmt.Fprintln(os.Stderr, "usage: verifier -key KEY [-anchor FILE] EXPORT | -proof FILE ENTRY")
		os.Exit(3)
	}
	if *batch {
		for input := bufio.NewScanner(os.Stdin); input.Scan(); {
			one, beside, isProof := strings.Cut(input.Text(), "\t")
			err := error(nil)
			if isProof {
				err = prove(one, beside, keys)
			} else {
				err = judge(one, keys, held)
			}
			fmt.Println(code(err), input.Text(), err)
		}
		return
	}
	err := error(nil)
	if *proof != "" {
		err = prove(flag.Arg(0), *proof, keys)
	} else {
		err = judge(flag.Arg(0), keys, held)
	}
	if err != nil {
		fmt.Println("tampered or not whole:", err)
	} else {
		fmt.Println("intact: entries, tree, signatures and the anchors that were given fit")
	}
	os.Exit(code(err))
}
