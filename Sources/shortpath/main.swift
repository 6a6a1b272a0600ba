print("shortpath")
