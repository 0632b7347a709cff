# All images in one go, their shared layers once:
#
#   TAG=$(git describe --always --dirty --abbrev=12) docker buildx bake

variable "REPOSITORY" {
  default     = "customer-journey"
  description = "Registry and folder of the images, without a slash at the end."
}

variable "TAG" {
  default     = ""
  description = "The git revision that the images are built from."
  validation {
    condition     = TAG != "" && TAG != "latest"
    error_message = "TAG must name the revision that is built: TAG=$(git describe --always --dirty --abbrev=12) docker buildx bake"
  }
}

variable "SOURCE" {
  default     = ""
  description = "URL of the repository, for the label of that name."
}

variable "VERSION" {
  default     = "0.1.0"
  description = "The project's version, as in pyproject.toml."
}

group "default" {
  targets = ["image"]
}

target "shared" {
  name = part
  matrix = {
    part = ["packages", "runtime"]
  }
  dockerfile = "images/shared.Dockerfile"
  target     = part
}

target "image" {
  name = image
  matrix = {
    image = ["synth", "load-ga4", "load-backend", "dbt", "report", "bigquery-emulator"]
  }
  dockerfile = "images/${image}/Dockerfile"
  contexts = {
    packages = "target:packages"
    runtime  = "target:runtime"
  }
  tags       = ["${REPOSITORY}/${image}:${TAG}"]
  args = {
    VERSION  = VERSION
    REVISION = TAG
    SOURCE   = SOURCE
  }
}
