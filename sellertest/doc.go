// Package sellertest proves the seller's side as a whole: what an agent has
// acknowledged is billed once or named, whatever crashes in between. It has
// tests only, and they run the real parts:
//
//   - [TestCrash] runs the agent and the service as processes of the meterd
//     binary, with a network between them that throttles, fails, delays, cuts
//     before and after the commit and delivers twice. It moves the clock, kills
//     either process with kill -9, and compares the books to the unit after
//     every kill.
//   - [TestSimulation] does the same in one process under testing/synctest:
//     the agent over a disk that loses power, the service over a ledger in
//     memory. Hundreds of worlds take seconds.
//   - [TestScripts] plays what a billing person can read: testdata/*.txt.
//
// A world is drawn from a seed, which is printed. To play one again:
//
//	go test ./sellertest -run TestCrash -seed 17 -rounds 10 -v
//	make seller-crash ROUNDS=1000
package sellertest
