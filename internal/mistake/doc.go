// Package mistake is what is wrong with a YAML file that a person has written,
// and where: for the catalog and the agent's plan, so that both tell it in the
// same form, which editors can jump to.
//
// What is a mistake is for them to say. The package may not read files, repeat
// more of a value than a line takes, or show the source around a mistake, which
// may hold a secret.
package mistake
