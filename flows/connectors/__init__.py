"""Publishers' interfaces: where files are, how they are fetched and unpacked. Only here is a network used."""
