"""The sealed package: plain tar in two layers of age, opened with this program or with age and tar."""
