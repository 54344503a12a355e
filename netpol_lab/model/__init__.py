"""The words of the house: Kubernetes objects in the API's terms, sets of ports, errors, the folder of our data."""
