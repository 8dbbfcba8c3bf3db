"""The keys that sign access tokens: made, sealed, published, used, withdrawn. Refuses to let any of them leave."""
