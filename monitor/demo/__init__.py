"""A small news site, a mailbox and a webhook sink on loopback, and the whole job run against them."""
