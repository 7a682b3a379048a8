"""What the operating system and clusters give: atomic writes, Ray."""
